# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The console's codec: against the header, against an independent one, against damage."""

import os

import fake_qemu
import pytest

from trellis import frames

C = frames.CONSTANTS


def test_check_of_the_standard_string():
    assert frames.check_of(b"123456789") == 0x906E
    assert fake_qemu.check(b"123456789") == 0x906E


def test_check_agrees_with_the_definition_bit_by_bit():
    for size in (0, 1, 2, 100, 1025):
        data = os.urandom(size)
        assert frames.check_of(data) == fake_qemu.check(data)


def test_constants_come_from_the_header():
    assert (C["CONSOLE_START"], C["CONSOLE_SIGNAL"]) == (fake_qemu.START, fake_qemu.SIGNAL)
    assert (C["CONSOLE_READY"], C["CONSOLE_CREDIT"]) == (fake_qemu.READY, fake_qemu.CREDIT)
    assert C["CONSOLE_FRAME_MAX"] == 1027
    assert C["CONSOLE_STRINGS_MAX"] == 131072
    assert C["CONSOLE_TRACE"] == 8


def test_every_byte_survives_in_any_split():
    payload = bytes(range(256))
    wire = frames.encode(0x82, payload) + frames.encode(0x83)
    for step in (1, 2, 7, len(wire)):
        decoder = frames.Decoder()
        got = []
        for place in range(0, len(wire), step):
            got += decoder.feed(wire[place : place + step])
        assert got == [(0x82, payload), (0x83, b"")]
        assert decoder.damaged == 0


def test_every_damaged_byte_is_noticed():
    wire = frames.encode(0x82, b"some text")
    for place in range(1, len(wire) - 1):
        decoder = frames.Decoder()
        broken = wire[:place] + bytes([wire[place] ^ 1]) + wire[place + 1 :]
        assert decoder.feed(broken + frames.encode(0x83)) == [(0x83, b"")]
        assert decoder.damaged >= 1


@pytest.mark.parametrize("bad", [b"~a~", b"~ab~", b"~" + b"x" * 3000 + b"~", b"~half }~"])
def test_bad_frames_are_dropped_and_counted(bad):
    decoder = frames.Decoder()
    assert decoder.feed(bad + frames.encode(0x82, b"next")) == [(0x82, b"next")]
    assert decoder.damaged == 1


def test_noise_before_the_first_flag_is_kept_apart():
    decoder = frames.Decoder()
    assert decoder.feed(b"SeaBIOS ") == []
    assert decoder.feed(b"1.16" + frames.encode(0x81, b"\1")) == [(0x81, b"\1")]
    assert (bytes(decoder.noise), decoder.damaged) == (b"SeaBIOS 1.16", 0)
