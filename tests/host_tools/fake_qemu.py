# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""A stand-in for QEMU and a guest: run with QEMU's arguments, it speaks the console
protocol over the socket named there and ends with QEMU's statuses.

What it does is the `fake=` word of -append: `shell` interprets the started command
(see `COMMANDS`), the others are ends of a guest. Written against the header alone,
with its own codec, so that a mistake in the front door's is not made twice.
"""

import os
import socket
import struct
import sys
import time

FLAG, ESCAPE, FLIP = 0x7E, 0x7D, 0x20
START, START_MORE, STDIN, STDIN_EOF, WINSIZE, SIGNAL = range(1, 7)
READY, STDOUT, STDERR, TERMINAL, EXIT, LOG, PANIC, OUT_OF_MEMORY, CREDIT = range(0x81, 0x8A)
WINDOW = 100


def check(data):
    """CRC-16/X-25, bit by bit as RFC 1662 appendix C defines it."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value ^ 0xFFFF


class Port:
    """The guest's end of the serial line."""

    def __init__(self, fd):
        self.socket = socket.socket(fileno=fd)
        self.buffer = b""

    def send(self, kind, payload=b""):
        body = bytes([kind]) + payload
        body += struct.pack("<H", check(body))
        wire = bytearray([FLAG])
        for byte in body:
            wire += bytes([ESCAPE, byte ^ FLIP]) if byte in (FLAG, ESCAPE) else bytes([byte])
        self.socket.sendall(bytes(wire) + bytes([FLAG]))

    def receive(self):
        """The next frame, its check asserted."""
        while True:
            head, flag, rest = self.buffer.partition(bytes([FLAG]))
            if flag:
                self.buffer = rest
                if head:
                    return self.unstuff(head)
            else:
                data = self.socket.recv(4096)
                if not data:
                    sys.exit(0)
                self.buffer += data

    @staticmethod
    def unstuff(stuffed):
        body = bytearray()
        source = iter(stuffed)
        for byte in source:
            body.append(next(source) ^ FLIP if byte == ESCAPE else byte)
        assert struct.pack("<H", check(body[:-2])) == body[-2:], "check"
        return body[0], bytes(body[1:-2])


def read_start(port):
    """(flags, rows, columns, arguments, environment) of START."""
    kind, payload = port.receive()
    assert kind == START
    version, flags, rows, columns, _, size = struct.unpack("<BBHHHI", payload[:12])
    assert version == 1 and any(payload[12:44])
    strings = payload[44:]
    while len(strings) < size:
        kind, more = port.receive()
        assert kind == START_MORE
        strings += more
    assert len(strings) == size
    arguments, strings = read_strings(strings)
    environment, strings = read_strings(strings)
    assert not strings
    return flags, rows, columns, arguments, environment


def read_strings(data):
    count = struct.unpack("<H", data[:2])[0]
    parts = data[2:].split(b"\0", count)
    return parts[:-1], parts[-1]


def cat(port, _start):
    """Standard input to standard output, never granting more than WINDOW bytes."""
    granted = WINDOW
    port.send(CREDIT, struct.pack("<I", WINDOW))
    while True:
        kind, payload = port.receive()
        if kind == STDIN_EOF:
            return 0
        if kind == STDIN:
            granted -= len(payload)
            assert granted >= 0, "more than credited"
            port.send(STDOUT, payload)
            port.send(CREDIT, struct.pack("<I", len(payload)))
            granted += len(payload)


def describe(port, start):
    """What START said."""
    flags, rows, columns, arguments, environment = start
    words = b" ".join(arguments[1:])
    text = b"flags=%d window=%dx%d arguments=%s\n" % (flags, rows, columns, words)
    for place in range(0, len(text), 1024):
        port.send(STDOUT, text[place : place + 1024])
    port.send(STDERR, b"\n".join(sorted(environment)) + b"\n")
    return 0


def events(port, _start):
    """One line for each window size, signal and typed text; `q` ends it."""
    port.send(CREDIT, struct.pack("<I", 1000))
    port.send(STDOUT, b"watching\r\n")
    while True:
        kind, payload = port.receive()
        if kind == WINSIZE:
            port.send(STDOUT, b"window %d %d\r\n" % struct.unpack("<HH", payload[:4]))
        elif kind == SIGNAL:
            port.send(STDOUT, b"signal %d\r\n" % payload[0])
        elif kind == STDIN:
            port.send(STDOUT, b"typed %s\r\n" % payload.hex().encode())
            if payload == b"q":
                return 5


def exit_with(port, start):
    port.send(STDOUT, b"bye\n")
    return int(start[3][1])


def damage(port, _start):
    port.socket.sendall(b"~broken frame~")
    return 0


def endless(port, _start):
    while True:
        port.send(STDOUT, b"y\n" * 500)


def hang(port, _start):
    port.send(STDOUT, b"hanging\n")
    time.sleep(60)
    return 0


COMMANDS = {b"cat": cat, b"describe": describe, b"events": events, b"exit": exit_with,
            b"damage": damage, b"yes": endless, b"hang": hang}


def shell(port):
    port.socket.sendall(b"firmware noise")
    port.send(LOG, b"kernel: booted\n")
    port.send(READY, b"\1")
    start = read_start(port)
    name = start[3][0]
    if name == b"killed":
        port.send(EXIT, bytes([1, 9]))
    elif name not in COMMANDS:
        port.send(EXIT, bytes([2, 13 if name == b"forbidden" else 2]))
    else:
        port.send(EXIT, bytes([0, COMMANDS[name](port, start)]))
    return 0x2A << 1 | 1


def panic(port):
    port.send(READY, b"\1")
    port.socket.sendall(b"~half a fra")
    port.send(PANIC, b"assertion failed\n")
    port.send(PANIC, b"  at 0x1000\n")
    return 0x2B << 1 | 1


def out_of_memory(port):
    port.send(OUT_OF_MEMORY, b"account shell asked for 4096 pages")
    return 0x2C << 1 | 1


def poweroff(port):
    port.send(READY, b"\1")
    return 0x2A << 1 | 1


def crash(port):
    print("fake: cannot go on", file=sys.stderr)
    os.kill(os.getpid(), 6)


def silent(port):
    port.socket.sendall(b"early text")
    time.sleep(60)


def reset(port):
    return 0


ENDS = {"shell": shell, "panic": panic, "oom": out_of_memory, "poweroff": poweroff,
        "crash": crash, "silent": silent, "reset": reset, "odd": lambda port: 3}


def main(arguments):
    chardev = arguments[arguments.index("-chardev") + 1]
    port = Port(int(chardev.rpartition("fd=")[2]))
    append = arguments[arguments.index("-append") + 1].split()
    assert "console=framed" in append
    behaviour = [word[5:] for word in append if word.startswith("fake=")]
    return ENDS[behaviour[0] if behaviour else "shell"](port)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
