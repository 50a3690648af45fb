# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis run` on a terminal: raw inside, restored outside, sizes, leaving."""

import pathlib
import signal
import sys
import termios
import time

import pytest

from trellis.testing.guest_api import Terminal

FAKE = str(pathlib.Path(__file__).resolve().parent / "fake_trellis.py")


@pytest.fixture
def terminal():
    """Starts the stand-in front door on a terminal; ends it afterwards."""
    started = []

    def start(*command):
        started.append(Terminal([sys.executable, "-B", FAKE, "run", *command], 30, 100))
        return started[-1]

    yield start
    for one in started:
        one.end()


def modes(terminal):
    """Local and output modes of the terminal."""
    settings = termios.tcgetattr(terminal._master)
    return settings[1], settings[3]


def test_all_three_are_terminals_of_the_hosts_size(terminal):
    one = terminal("--", "describe")
    one.expect("flags=7 window=30x100 ")
    one.expect("TERM=vt100")
    assert one.wait() == 0


def test_keys_and_sizes_reach_the_guest(terminal):
    one = terminal("--", "events")
    before = modes(one)
    one.expect("watching")
    assert not modes(one)[1] & (termios.ECHO | termios.ICANON | termios.ISIG)
    one.send("\x03")
    one.expect("typed 03\r")
    one.resize(40, 120)
    one.expect("window 40 120")
    one.send("\x1d\x1d")
    one.expect("typed 1d\r")
    one.send("\x1dz")
    one.expect("typed 1d7a\r")
    one.send("q")
    assert one.wait() == 5
    assert modes(one)[1] == before[1] | termios.ECHO | termios.ICANON | termios.ISIG


def test_leaving_a_guest_that_hangs(terminal):
    one = terminal("--", "hang")
    one.expect("hanging")
    one.send("\x1dq")
    assert one.wait() == 125
    assert "left the guest" in one.transcript
    assert modes(one)[1] & termios.ICANON


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_restored_after_signals(terminal, number):
    one = terminal("--", "hang")
    one.expect("hanging")
    one.signal(number)
    time.sleep(0.3)
    one.signal(number)
    assert one.wait() == 128 + number
    assert modes(one)[1] & termios.ICANON


def test_the_terminal_is_restored_after_a_panic(terminal):
    one = terminal("--append", "fake=panic")
    assert one.wait() == 120
    one.expect("assertion failed")
    assert modes(one)[1] & termios.ICANON
