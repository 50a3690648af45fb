# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The host's side of the framed console, without any input or output of its own.

Bytes from the guest go into `received`, which gives what to show; bytes for the guest
gather in `outgoing`. protocols/include/protocols/console.h describes the exchange.
"""

import dataclasses
import os
import struct

from trellis import frames

C = frames.CONSTANTS
WINDOW = struct.Struct("<QII")
WINDOW_LEAST = 256  # bytes; fewer go through the UART as fast
START_HEAD = struct.Struct("<BBHHHI32s")
TEXT_FRAMES = {
    C["CONSOLE_STDOUT"]: "stdout",
    C["CONSOLE_STDERR"]: "stderr",
    C["CONSOLE_TERMINAL"]: "terminal",
    C["CONSOLE_LOG"]: "log",
    C["CONSOLE_PANIC"]: "panic",
    C["CONSOLE_OUT_OF_MEMORY"]: "out_of_memory",
}


@dataclasses.dataclass
class Request:
    """What the guest shall run: arguments, environment, and the host's terminals."""

    arguments: list
    environment: dict
    terminals: tuple = (False, False, False)
    window: tuple = (0, 0)
    trace: bool = False
    entropy: bytes = b""

    def encoded(self):
        """START and START_MORE frames, with fresh entropy unless some is given."""
        environment = [f"{name}={value}" for name, value in self.environment.items()]
        strings = _strings(self.arguments) + _strings(environment)
        if len(strings) > C["CONSOLE_STRINGS_MAX"]:
            raise ValueError("the arguments and the environment are too long for the guest")
        flags = sum(bit << place for place, bit in enumerate((*self.terminals, self.trace)))
        head = START_HEAD.pack(C["CONSOLE_VERSION"], flags, *self.window, 0, len(strings),
                               self.entropy or os.urandom(C["CONSOLE_ENTROPY_SIZE"]))
        message = head + strings
        pieces = [message[place : place + frames.PAYLOAD_MAX]
                  for place in range(0, len(message), frames.PAYLOAD_MAX)]
        return frames.encode(C["CONSOLE_START"], pieces[0]) + b"".join(
            frames.encode(C["CONSOLE_START_MORE"], piece) for piece in pieces[1:])


def _strings(words):
    return struct.pack("<H", len(words)) + b"".join(os.fsencode(word) + b"\0" for word in words)


class Conversation:
    """One guest's conversation.

    `ready`: READY has come. `ending`: the (kind, value) of EXIT, or None. `credit`: STDIN
    bytes that may still be sent. `write_memory`: a function that writes bytes to an address
    of the guest's memory, or None where that is not shared. `trouble`: text of a breach of the protocol, or None.
    """

    def __init__(self, request):
        self.request = request
        self.outgoing = bytearray()
        self.ready = False
        self.ending = None
        self.credit = 0
        self.trouble = None
        self.write_memory = None
        self._window = None
        self._window_sent = 0
        self._decoder = frames.Decoder()
        self._input = bytearray()
        self._input_ended = False
        self._eof_sent = False

    @property
    def damaged(self):
        """Frames from the guest that were dropped."""
        return self._decoder.damaged

    @property
    def noise(self):
        """Bytes that came before the guest's first frame."""
        return bytes(self._decoder.noise)

    @property
    def unsent_input(self):
        """How many STDIN bytes wait for credit."""
        return len(self._input)

    def received(self, data):
        """Takes bytes from the guest; [(stream name, bytes)] to show."""
        shown = []
        for kind, payload in self._decoder.feed(data):
            if kind in TEXT_FRAMES:
                shown.append((TEXT_FRAMES[kind], payload))
            elif kind == C["CONSOLE_READY"]:
                self._begin(payload)
            elif kind == C["CONSOLE_CREDIT"] and len(payload) == 4:
                self.credit += int.from_bytes(payload, "little")
                self._send_input()
            elif kind == C["CONSOLE_WINDOW"] and len(payload) == WINDOW.size:
                self._window = WINDOW.unpack(payload)
            elif kind == C["CONSOLE_EXIT"] and len(payload) == 2:
                self.ending = (payload[0], payload[1])
            else:
                self._decoder.damaged += 1
        return shown

    def offer_input(self, data):
        """Queues bytes for the guest's standard input."""
        self._input += data
        self._send_input()

    def end_input(self):
        """Says that standard input ends after what was offered."""
        self._input_ended = True
        self._send_input()

    def resize(self, rows, columns, x_pixels=0, y_pixels=0):
        """Tells the guest its terminal's new size."""
        self.request.window = (rows, columns)
        self._send("CONSOLE_WINSIZE", struct.pack("<HHHH", rows, columns, x_pixels, y_pixels))

    def signal(self, number):
        """Sends a signal to the command's process group."""
        self._send("CONSOLE_SIGNAL", bytes([number]))

    def _begin(self, payload):
        if self.ready:
            self.trouble = "the guest said READY twice: its console server was started again " \
                           "without its state"
        elif payload != bytes([C["CONSOLE_VERSION"]]):
            self.trouble = f"the guest speaks version {list(payload)} of the console protocol"
        else:
            self.ready = True
            self.outgoing += self.request.encoded()
            self._send_input()

    def _send(self, kind, payload=b""):
        if self.ready and self.ending is None:
            self.outgoing += frames.encode(C[kind], payload)

    def _send_input(self):
        while self.ready and self._input and self.credit:
            size = min(len(self._input), self.credit)
            if self._window and self.write_memory and size >= WINDOW_LEAST:
                self._send_by_window(size)
            else:
                size = min(size, frames.PAYLOAD_MAX)
                self._send("CONSOLE_STDIN", bytes(self._input[:size]))
            del self._input[:size]
            self.credit -= size
        if self.ready and self._input_ended and not self._input and not self._eof_sent:
            self._eof_sent = True
            self._send("CONSOLE_STDIN_EOF")

    def _send_by_window(self, size):
        address, window_size, _ = self._window
        place = self._window_sent % window_size
        first = min(size, window_size - place)
        self.write_memory(address + place, bytes(self._input[:first]))
        self.write_memory(address, bytes(self._input[first:size]))
        self._window_sent += size
        self._send("CONSOLE_STDIN_WINDOW", size.to_bytes(4, "little"))
