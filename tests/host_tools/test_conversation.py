# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The host's side of the conversation: which way standard input takes."""

import os

from trellis import frames
from trellis.conversation import WINDOW, WINDOW_LEAST, Conversation, Request

C = frames.CONSTANTS
ADDRESS, SIZE = 0x5000, 1024


def conversation(with_window=True):
    """A conversation with a guest that is ready, and the guest's memory as bytes."""
    talk = Conversation(Request(["cat"], {}))
    memory = bytearray(ADDRESS + SIZE)

    def write(address, data):
        memory[address : address + len(data)] = data

    talk.write_memory = write
    talk.received(frames.encode(C["CONSOLE_READY"], bytes([C["CONSOLE_VERSION"]])))
    if with_window:
        talk.received(frames.encode(C["CONSOLE_WINDOW"], WINDOW.pack(ADDRESS, SIZE, 0)))
    return talk, memory


def give_credit(talk, size):
    talk.received(frames.encode(C["CONSOLE_CREDIT"], size.to_bytes(4, "little")))


def sent(talk):
    """The frames that went out since the last time, without START."""
    found = frames.Decoder().feed(bytes(talk.outgoing))
    talk.outgoing.clear()
    return [frame for frame in found
            if frame[0] not in (C["CONSOLE_START"], C["CONSOLE_START_MORE"])]


def announced(count):
    return (C["CONSOLE_STDIN_WINDOW"], count.to_bytes(4, "little"))


def test_much_input_goes_round_the_window():
    talk, memory = conversation()
    data = os.urandom(3 * SIZE)
    talk.offer_input(data)
    arrived, place = b"", 0
    for _ in range(5):
        give_credit(talk, 600)
        assert sent(talk) == [announced(600)]
        for _ in range(600):
            arrived += memory[ADDRESS + place : ADDRESS + place + 1]
            place = (place + 1) % SIZE
    assert arrived == data[:3000]


def test_little_input_goes_through_the_uart_in_order():
    talk, memory = conversation()
    give_credit(talk, SIZE)
    talk.offer_input(b"x" * WINDOW_LEAST)
    talk.offer_input(b"little")
    assert sent(talk) == [announced(WINDOW_LEAST), (C["CONSOLE_STDIN"], b"little")]
    assert memory[ADDRESS : ADDRESS + WINDOW_LEAST + 1] == b"x" * WINDOW_LEAST + b"\0"


def test_without_a_window_all_goes_through_the_uart():
    talk, _ = conversation(with_window=False)
    give_credit(talk, 2 * frames.PAYLOAD_MAX)
    talk.offer_input(b"x" * 2 * frames.PAYLOAD_MAX)
    assert sent(talk) == [(C["CONSOLE_STDIN"], b"x" * frames.PAYLOAD_MAX)] * 2
    assert talk.damaged == 0
