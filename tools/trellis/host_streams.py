# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""End points of a guest's streams: the caller's own, and captured ones."""

import os
import select
import signal
import socket
import time

from trellis import terminal
from trellis.errors import Exit
from trellis.guest import SIGNAL_BASE, EndPoint, Leave

ESCAPE_KEY = 0x1D
LEAVE_KEY = ord("q")
FORWARDED = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
             signal.SIGUSR1, signal.SIGUSR2]
ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
GRACE_S = 10
PIPE_CHUNK = 4096
POLL_MS = 200
CHUNK_OF_WAKES = 256
STREAM_FDS = {"stdout": 1, "stderr": 2}


class Log:
    """Where the guest's log goes: a file, and standard error if the user wants it."""

    def __init__(self, path, verbose):
        self.path = path
        self._file = open(path, "wb", buffering=0)
        self._verbose = verbose

    def write(self, data):
        """Appends bytes of the log."""
        self._file.write(data)
        if self._verbose:
            os.write(2, data.replace(b"\n", b"\r\n") if os.isatty(2) else data)


class CapturedStreams(EndPoint):
    """Output kept in `output`; input from a descriptor, or none."""

    def __init__(self, log, input_fd=None):
        self.input_fd = input_fd
        self.output = {"stdout": bytearray(), "stderr": bytearray()}
        self._log = log

    def show(self, stream, data):
        if stream in self.output:
            self.output[stream] += data
        else:
            self._log.write(data)


class HostStreams(EndPoint):
    """Descriptors 0, 1 and 2 of this process; a context manager.

    Inside it the terminal is raw if standard input is one, signals go to the guest's
    command, and Ctrl-] then q leaves.
    """

    input_fd = 0

    def __init__(self, log, time_limit_s=None):
        self.interactive = os.isatty(0)
        self.terminals = tuple(os.isatty(fd) for fd in (0, 1, 2))
        self._log = log
        self._limit = None if time_limit_s is None else time.monotonic() + time_limit_s
        self._escaped = False
        self._raw = terminal.RawTerminal(0) if self.interactive else None
        self._caught = []
        self._ending_since = None
        self._old_handlers = {}
        self._wake, self._wakes = socket.socketpair()

    def __enter__(self):
        self._wake.setblocking(False)
        self._wakes.setblocking(False)
        if self._raw:
            self._raw.__enter__()
        for number in [*FORWARDED, signal.SIGWINCH, signal.SIGCONT]:
            self._old_handlers[number] = signal.signal(number, self._catch)
        signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *failure):
        signal.set_wakeup_fd(-1)
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        if self._raw:
            self._raw.__exit__(*failure)
        self._wake.close()
        self._wakes.close()

    def window(self):
        """Rows and columns of the terminal, or zeros."""
        for fd, is_terminal in enumerate(self.terminals):
            if is_terminal:
                return terminal.window_size(fd)[:2]
        return (0, 0)

    def reset_screen(self):
        """After a guest that did not end by itself: the screen as programs expect it."""
        if self.interactive and self.terminals[1]:
            terminal.reset_screen(1)

    def show(self, stream, data):
        if stream in STREAM_FDS:
            self._write(STREAM_FDS[stream], data)
        elif stream == "terminal" and any(self.terminals):
            self._write(next(fd for fd in (1, 2, 0) if self.terminals[fd]), data)
        else:
            self._log.write(data)

    def filter_input(self, data):
        if not self.interactive:
            return data
        kept = bytearray()
        for byte in data:
            if self._escaped:
                self._escaped = False
                if byte == LEAVE_KEY:
                    raise Leave(Exit.OURS, "left the guest (Ctrl-] q)")
                kept += bytes([byte]) if byte == ESCAPE_KEY else bytes([ESCAPE_KEY, byte])
            elif byte == ESCAPE_KEY:
                self._escaped = True
            else:
                kept.append(byte)
        return bytes(kept)

    def wake_fd(self):
        return self._wake.fileno()

    def attend(self, conversation):
        self._drain_wakes()
        caught, self._caught = self._caught, []
        for number in caught:
            if number == signal.SIGWINCH and any(self.terminals):
                conversation.resize(*terminal.window_size(self.terminals.index(True)))
            elif number == signal.SIGCONT and self._raw:
                self._raw.make_raw()
            elif number in FORWARDED:
                self._forward(conversation, number)
        if self._ending_since and time.monotonic() > self._ending_since[0] + GRACE_S:
            raise self._ended_by(self._ending_since[1])

    def _forward(self, conversation, number):
        if number in ENDING:
            if not conversation.ready or self._ending_since:
                raise self._ended_by(number)
            self._ending_since = (time.monotonic(), number)
        conversation.signal(number)

    def _ended_by(self, number):
        return Leave(SIGNAL_BASE + number, f"ended by {signal.Signals(number).name}")

    def _catch(self, number, _frame):
        self._caught.append(number)

    def _drain_wakes(self):
        try:
            while self._wake.recv(CHUNK_OF_WAKES):
                pass
        except BlockingIOError:
            return

    def _write(self, fd, data):
        """Writes all, a pipe's worth at a time, so that signals and limits are seen."""
        poller = select.poll()
        poller.register(fd, select.POLLOUT)
        while data:
            if not poller.poll(POLL_MS):
                self._check_while_blocked()
                continue
            try:
                data = data[os.write(fd, data[:PIPE_CHUNK]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise Leave(SIGNAL_BASE + signal.SIGPIPE, "") from None

    def _check_while_blocked(self):
        ending = [number for number in self._caught if number in ENDING]
        if ending:
            raise self._ended_by(ending[0])
        if self._limit is not None and time.monotonic() > self._limit:
            raise Leave(Exit.TIMEOUT, "--timeout: nobody takes the output")
