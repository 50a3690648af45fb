# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Running one guest to its end: emulator, conversation, input, output, time limits."""

import contextlib
import dataclasses
import enum
import os
import selectors
import time

from trellis import frames, qemu, symbols
from trellis.conversation import Conversation
from trellis.errors import Exit

BOOT_LIMIT_S = 120
POWER_OFF_LIMIT_S = 20
LAST_WORDS_LIMIT_S = 5
SIGNAL_BASE = 128
CHUNK = 65536
TYPED_AHEAD_MAX = 16 << 20  # more is not read: then even Ctrl-] waits
ENOENT = 2
CANNOT_BOOT = b"trellis: cannot boot: "  # before there is anything that could speak in frames


class Outcome(enum.Enum):
    """How a run ended."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    NOT_RUN = "not run"
    POWERED_OFF = "powered off"
    RESTARTED = "restarted"
    PANIC = "panic"
    OUT_OF_MEMORY = "out of memory"
    EMULATOR_CRASH = "emulator crash"
    NO_BOOT = "no boot"
    TIMEOUT = "timeout"
    LEFT = "left"
    BROKEN = "broken conversation"


@dataclasses.dataclass
class Result:
    """The end of a run: exit code of the front door, and a message unless all is well."""

    outcome: Outcome
    code: int
    message: str = ""
    damaged_frames: int = 0


class Leave(Exception):
    """Raised by an end point when the guest shall be left at once."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class EndPoint:
    """The host's end of a guest's streams; the base is /dev/null everywhere.

    `input_fd` is read when the guest has room, or whenever something was typed if
    `interactive`; None: no standard input. `filter_input` sees what was read.
    """

    input_fd = None
    interactive = False

    def show(self, stream, data):
        """Takes output: stdout, stderr, terminal, log, panic or out_of_memory."""

    def filter_input(self, data):
        """What of the bytes read shall go to the guest; may raise Leave."""
        return data

    def attend(self, conversation):
        """Called at each turn: window sizes, signals. May raise Leave."""

    def wake_fd(self):
        """A descriptor that becomes readable when `attend` has something to do, or None."""
        return None


class Guest:
    """One boot of a machine.

    `boot_limit_s`: how long READY may take; None for the usual.
    """

    def __init__(self, machine, request, end_point, time_limit_s=None, boot_limit_s=None):
        self._machine = machine
        self._end = end_point
        self._conversation = Conversation(request)
        self._time_limit_s = time_limit_s
        self._boot_limit_s = BOOT_LIMIT_S if boot_limit_s is None else boot_limit_s
        self._last_words = {"panic": bytearray(), "out_of_memory": bytearray()}
        self._input_open = end_point.input_fd is not None
        self._deadline_cause = None
        if not self._input_open:
            self._conversation.end_input()

    def run(self):
        """Boots, converses, and waits for the end; always leaves no emulator behind."""
        with qemu.Emulator(self._machine) as emulator:
            self._conversation.write_memory = emulator.write_memory
            try:
                cause = self._converse(emulator)
                status = emulator.wait(POWER_OFF_LIMIT_S if cause is None else 0)
                result = self._judge(emulator, status, cause)
            except Leave as leave:
                result = Result(Outcome.LEFT, leave.code, str(leave))
        result.damaged_frames = self._conversation.damaged
        return self._with_damage(result)

    def _converse(self, emulator):
        """Pumps until the console closes (None) or a limit passes (its Outcome)."""
        started = time.monotonic()
        with selectors.PollSelector() as selector:
            while True:
                self._end.attend(self._conversation)
                if self._conversation.trouble:
                    return Outcome.BROKEN
                cause, remaining = self._next_limit(started)
                if remaining <= 0:
                    return cause
                self._select(selector, emulator)
                for key, events in selector.select(min(remaining, 1.0)):
                    if not self._serve(key, events, emulator):
                        return None

    def _next_limit(self, started):
        """(Outcome, seconds left) of the time limit that passes first."""
        now = time.monotonic()
        limits = []
        if self._time_limit_s is not None:
            limits.append((started + self._time_limit_s - now, Outcome.TIMEOUT))
        if any(self._last_words.values()):
            limits.append((self._deadline(now, LAST_WORDS_LIMIT_S), Outcome.PANIC))
        elif self._conversation.ending is not None:
            limits.append((self._deadline(now, POWER_OFF_LIMIT_S), Outcome.EXITED))
        elif not self._conversation.ready:
            limits.append((started + self._boot_limit_s - now, Outcome.NO_BOOT))
        if not limits:
            return None, 1.0
        remaining, outcome = min(limits, key=lambda limit: limit[0])
        return outcome, remaining

    def _deadline(self, now, seconds):
        """Seconds left of a limit that starts when it is first asked for."""
        if self._deadline_cause is None:
            self._deadline_cause = now
        return self._deadline_cause + seconds - now

    def _select(self, selector, emulator):
        wanted = {emulator.console.fileno(): selectors.EVENT_READ}
        if self._conversation.outgoing:
            wanted[emulator.console.fileno()] |= selectors.EVENT_WRITE
        if self._input_open and self._wants_input():
            wanted[self._end.input_fd] = selectors.EVENT_READ
        if self._end.wake_fd() is not None:
            wanted[self._end.wake_fd()] = selectors.EVENT_READ
        for fd in list(selector.get_map()):
            selector.unregister(fd)
        for fd, events in wanted.items():
            selector.register(fd, events)

    def _wants_input(self):
        if self._end.interactive:
            return self._conversation.unsent_input < TYPED_AHEAD_MAX
        return self._conversation.credit > 0 and self._conversation.unsent_input == 0

    def _serve(self, key, events, emulator):
        """Handles one ready descriptor; False when the console has closed."""
        if key.fd == emulator.console.fileno():
            if events & selectors.EVENT_WRITE:
                self._send(emulator.console)
            return not events & selectors.EVENT_READ or self._receive(emulator.console)
        if key.fd == self._end.input_fd:
            self._read_input()
        return True

    def _send(self, console):
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            sent = console.send(self._conversation.outgoing)
            del self._conversation.outgoing[:sent]

    def _receive(self, console):
        try:
            data = console.recv(65536)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        for stream, text in self._conversation.received(data):
            if stream in self._last_words:
                self._last_words[stream] += text
            self._end.show(stream, text)
        return bool(data)

    def _read_input(self):
        size = CHUNK if self._end.interactive else min(CHUNK, self._conversation.credit)
        try:
            data = os.read(self._end.input_fd, size)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._input_open = False
            self._conversation.end_input()
            return
        self._conversation.offer_input(self._end.filter_input(data))

    def _judge(self, emulator, status, cause):
        """The Result from how the emulator ended, what it said, and the limit that passed."""
        if (self._machine.ended_with(status, "CONSOLE_POWER_PANIC") or self._last_words["panic"]
                or (status == 0 and CANNOT_BOOT in self._conversation.noise)):
            return self._panic()
        if (self._machine.ended_with(status, "CONSOLE_POWER_OUT_OF_MEMORY")
                or self._last_words["out_of_memory"]):
            text = self._last_words_of("out_of_memory") or "it did not say who asked"
            return Result(Outcome.OUT_OF_MEMORY, Exit.OUT_OF_MEMORY,
                          f"the guest ran out of memory: {text}; give it more with --memory")
        if self._machine.ended_with(status, "CONSOLE_POWER_OFF"):
            return self._orderly()
        if status == 0 and self._wants_restart():
            return Result(Outcome.RESTARTED, 0)
        if status == 0:
            return Result(Outcome.PANIC, Exit.PANIC,
                          "the guest's machine reset itself (a triple fault?)" + self._noise())
        if status is not None:
            words = emulator.messages()
            return Result(Outcome.EMULATOR_CRASH, Exit.EMULATOR_CRASH,
                          f"the emulator {qemu.describe_status(status)}; this is QEMU's failure, "
                          "or of its arguments, not the guest's" + (f":\n{words}" if words else ""))
        return self._overdue(cause)

    def _wants_restart(self):
        ending = self._conversation.ending
        return ending is not None and ending[0] == frames.CONSTANTS["CONSOLE_RESTARTED"]

    def _overdue(self, cause):
        if cause is Outcome.NO_BOOT:
            return Result(cause, Exit.NO_BOOT,
                          f"the guest did not say READY in {self._boot_limit_s} s" + self._noise())
        if cause is Outcome.TIMEOUT:
            return Result(cause, Exit.TIMEOUT, f"--timeout: {self._time_limit_s:g} s have passed")
        if self._conversation.trouble:
            return Result(Outcome.BROKEN, Exit.OURS, self._conversation.trouble)
        return Result(Outcome.BROKEN, Exit.OURS,
                      "the command ended, but the guest did not power off")

    def _orderly(self):
        if self._conversation.ending is None:
            return Result(Outcome.POWERED_OFF, 0)
        kind, value = self._conversation.ending
        if kind == frames.CONSTANTS["CONSOLE_EXITED"]:
            return Result(Outcome.EXITED, value)
        if kind == frames.CONSTANTS["CONSOLE_SIGNALLED"]:
            return Result(Outcome.SIGNALLED, SIGNAL_BASE + value)
        if kind == frames.CONSTANTS["CONSOLE_TURNED_OFF"]:
            return Result(Outcome.POWERED_OFF, 0)
        name = self._conversation.request.arguments[0]
        code = Exit.NOT_FOUND if value == ENOENT else Exit.NOT_EXECUTABLE
        return Result(Outcome.NOT_RUN, code, f"{name}: {os.strerror(value)} in the guest")

    def _last_words_of(self, kind):
        """What it said at its end, before there was a console in frames too."""
        noise = self._conversation.noise
        words = self._last_words[kind] or noise[max(0, noise.find(CANNOT_BOOT)):]
        return words.decode(errors="replace").strip()[-2000:]

    def _panic(self):
        text = self._last_words_of("panic")
        named = symbols.symbolised(text, self._machine.symbols)
        return Result(Outcome.PANIC, Exit.PANIC,
                      f"the guest panicked:\n{named or 'it did not say why'}")

    def _noise(self):
        text = self._conversation.noise.decode(errors="replace").strip()
        return f"; its serial port had:\n{text[-2000:]}" if text else ""

    def _with_damage(self, result):
        """Lost output must not look like success."""
        if result.damaged_frames and result.code < Exit.PANIC:
            lost = f"{result.damaged_frames} damaged frames on the console: output was lost"
            message = f"{result.message}; {lost}" if result.message else lost
            return dataclasses.replace(result, code=Exit.OURS, message=message)
        return result
