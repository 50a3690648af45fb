# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The framed console's frames: types, check, stuffing.

protocols/include/protocols/console.h is the contract; its constants are read from
it, so they stand once.
"""

import binascii
import re

from trellis import paths

HEADER = paths.TREE / "protocols" / "include" / "protocols" / "console.h"


def constants_of(text):
    """{name: value} of the numeric #defines and enumerators of a C header."""
    found = {}
    line = r"^(?:#define|   ) (\w+)(?: =)? ([\w()+*< ]+?),?(?: +/\*.*)?$"
    for name, expression in re.findall(line, text, re.MULTILINE):
        numbers = re.sub(r"\b[A-Za-z_]\w*", lambda word: str(found[word[0]]), expression)
        found[name] = _arithmetic(numbers)
    return found


def _arithmetic(words):
    """The value of sums, products and shifts of numbers, without eval."""
    total = 0
    for summand in words.strip("()").split("+"):
        product = 1
        for factor in summand.split("*"):
            base, _, shift = factor.partition("<<")
            product *= int(base, 0) << int(shift or "0", 0)
        total += product
    return total


def string_of(name):
    """The value of a #define that is a string."""
    return re.search(rf'^#define {name} "(.*)"$', HEADER.read_text(), re.MULTILINE)[1]


CONSTANTS = constants_of(HEADER.read_text())
FLAG = CONSTANTS["CONSOLE_FLAG"]
ESCAPE = CONSTANTS["CONSOLE_ESCAPE"]
FLIP = CONSTANTS["CONSOLE_FLIP"]
PAYLOAD_MAX = CONSTANTS["CONSOLE_PAYLOAD_MAX"]
FRAME_MAX = CONSTANTS["CONSOLE_FRAME_MAX"]
WIRE_MAX = CONSTANTS["CONSOLE_WIRE_MAX"]

_REFLECTED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_STUFFED = re.compile(b"[%c%c]" % (FLAG, ESCAPE))
_ESCAPED = re.compile(b"%c(.)" % ESCAPE, re.DOTALL)


def check_of(data):
    """CRC-16/X-25 of `data`: binascii's CRC is its mirror image, so mirror twice."""
    mirrored = binascii.crc_hqx(data.translate(_REFLECTED), 0xFFFF)
    return int(f"{mirrored:016b}"[::-1], 2) ^ 0xFFFF


def encode(kind, payload=b""):
    """One frame as it goes over the wire."""
    assert len(payload) <= PAYLOAD_MAX
    body = bytes([kind]) + payload
    body += check_of(body).to_bytes(2, "little")
    stuffed = _STUFFED.sub(lambda found: bytes([ESCAPE, found[0][0] ^ FLIP]), body)
    return b"%c%b%c" % (FLAG, stuffed, FLAG)


class Decoder:
    """Takes bytes as they come; gives whole frames and counts damaged ones.

    `noise` gathers what came before the first flag.
    """

    def __init__(self):
        self.damaged = 0
        self.noise = bytearray()
        self._partial = b""
        self._begun = False

    def feed(self, data):
        """[(type, payload)] of the frames that `data` completes."""
        if not self._begun:
            before, flag, data = data.partition(bytes([FLAG]))
            self.noise += before
            if not flag:
                return []
            self._begun = True
        *whole, self._partial = (self._partial + data).split(bytes([FLAG]))
        if len(self._partial) > WIRE_MAX:
            self._partial = self._partial[: WIRE_MAX + 1]
        return [frame for frame in map(self._decode, whole) if frame is not None]

    def _decode(self, stuffed):
        if not stuffed:
            return None
        body = _ESCAPED.sub(lambda found: bytes([found[1][0] ^ FLIP]), stuffed)
        complete = not stuffed.endswith(bytes([ESCAPE])) and 3 <= len(body) <= FRAME_MAX
        if not complete or check_of(body[:-2]) != int.from_bytes(body[-2:], "little"):
            self.damaged += 1
            return None
        return body[0], body[1:-2]
