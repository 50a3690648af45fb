# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What tests/system/*.py use: a machine to run commands in, and a terminal to type at.

    def test_pipes(guest):
        done = guest.run(["sh", "-c", "echo a b | wc -w"])
        assert (done.status, done.stdout) == (0, "2\n")

    def test_line_editing(guest):
        with guest.shell() as shell:
            shell.expect("# ")
            shell.send("ech\bho hi\n")
            shell.expect("\nhi\r\n")

Each `run`, `shell` and `native` boots a machine of its own.
"""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from trellis import architectures, boot_archive, guest as guests, paths, private_root, progress
from trellis import qemu, run
from trellis.conversation import Request
from trellis.host_streams import CapturedStreams, Log
from trellis.testing.outcome import Skip

TIMEOUT_S = 120
# What a program asks a terminal where its cursor is, and an answer that every program takes.
CURSOR_QUERY = "\x1b[6n"
CURSOR_ANSWER = "\x1b[1;1R"


@dataclasses.dataclass
class Done:
    """How a command in a guest ended. `status` is as `./trellis run` exits."""

    status: int
    outcome: guests.Outcome
    message: str
    stdout_bytes: bytes
    stderr_bytes: bytes
    log: str

    @property
    def stdout(self):
        """Standard output as text."""
        return self.stdout_bytes.decode(errors="backslashreplace")

    @property
    def stderr(self):
        """Standard error as text."""
        return self.stderr_bytes.decode(errors="backslashreplace")

    def __str__(self):
        return (f"status {self.status} ({self.outcome.value}) {self.message}\n"
                f"stdout: {self.stdout[-4000:]}\nstderr: {self.stderr[-4000:]}\n"
                f"log: {self.log[-4000:]}")


class Guest:
    """Makes machines for one test; `name` names its logs."""

    def __init__(self, name, architecture=architectures.DEFAULT, cpus=1):
        self._name = re.sub(r"\W+", "-", name)
        self.architecture = architecture
        self.cpus = cpus

    def only_on(self, *names, why):
        """Skips the test on the other architectures."""
        if self.architecture not in names:
            raise Skip(f"{', '.join(names)} only: {why}")

    @property
    def debian_architecture(self):
        """What Debian calls the guest's architecture."""
        return architectures.get(self.architecture).debian

    @property
    def runs_here(self):
        """Whether this host can execute the guest's programs."""
        return not architectures.get(self.architecture).foreign

    def compile(self, source, target, *options, musl=False):
        """Makes a static program for the guest, with glibc or with musl."""
        of = architectures.get(self.architecture)
        before, after = [of.compiler, "-static"], []
        if musl and self.runs_here:
            before = ["musl-gcc", "-static"]
        elif musl:
            before, after = musl_cross(of)
        subprocess.run([*before, "-O2", *options, "-o", target, source, *after], check=True)

    def run(self, arguments, stdin=b"", timeout=TIMEOUT_S, root=None, env=None, trace=False,
            entropy=b"", **machine):
        """Boots, runs one command, and gives its Done.

        `stdin`: bytes or text. `root`: a host directory laid over the default root.
        `entropy`: what the host gives the guest's random numbers, if not fresh bytes.
        `machine`: fields of qemu.Machine, such as memory="64M", append="...", cpus=1.
        """
        environment = {**run.ENVIRONMENT, **(env or {})}
        request = Request(list(arguments), environment, trace=trace, entropy=entropy)
        with self._archive(root) as archive:
            return self._boot(archive, request, stdin, timeout, machine)

    def front_door(self, *options, command=()):
        """`./trellis run OPTIONS [-- COMMAND]` as a user types it: (status, stdout, stderr)."""
        done = subprocess.run(self._front_door(options, command), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", check=False)
        return done.returncode, done.stdout, done.stderr

    def _front_door(self, options, command):
        words = [sys.executable, "-B", str(paths.TREE / "trellis"), "run", "--no-build",
                 "--arch", self.architecture, "--smp", str(self.cpus), *options]
        return [*words, "--", *command] if command else words

    def native(self, program, timeout=TIMEOUT_S, **machine):
        """Boots with a program of tests/system/native as init's only task: none that says READY."""
        archive = boot_archive.default(self.architecture, with_tests=True)
        append = f"log=uart init.run=bin/{program} {machine.pop('append', '')}".strip()
        request = Request([program], dict(run.ENVIRONMENT))
        return self._boot(archive, request, b"", timeout, {**machine, "append": append}, timeout)

    @contextlib.contextmanager
    def plain(self, root=None):
        """A function that boots without a host to talk to: a login shell on the serial line.

        It takes a kernel command line, seconds and fields of qemu.Machine, and gives what the
        console showed, as bytes, and the emulator's exit status, None if it still ran.
        """
        with self._archive(root) as archive:
            def boot(append="", timeout=TIMEOUT_S, **machine):
                emulated = qemu.Machine(
                    kernel=architectures.get(self.architecture).boot_image, archive=archive,
                    architecture=self.architecture, append=f"console=plain {append}".strip(),
                    **{"cpus": self.cpus, **machine})
                with qemu.Emulator(emulated) as emulator:
                    shown = _read_to_end(emulator.console, time.monotonic() + timeout)
                    return shown, emulator.wait(1)
            yield boot

    @contextlib.contextmanager
    def shell(self, *arguments, rows=24, columns=80, command=(), redirections=""):
        """`./trellis run ARGUMENTS [-- COMMAND] REDIRECTIONS` on a pseudo-terminal: a Terminal."""
        words = self._front_door(["--quiet", *arguments], command)
        terminal = Terminal(["sh", "-c", f'exec "$@" {redirections}', "sh", *words], rows, columns)
        try:
            yield terminal
        finally:
            terminal.end()

    @contextlib.contextmanager
    def _archive(self, root):
        if root is None:
            yield boot_archive.default(self.architecture)
            return
        with tempfile.TemporaryDirectory(prefix="trellis-") as directory:
            archive = pathlib.Path(directory) / "boot.cpio"
            boot_archive.write(self.architecture, archive, str(root))
            yield archive

    def _boot(self, archive, request, stdin, timeout, machine, boot_limit_s=None):
        """One boot; a crash of the emulator itself is told and tried once more."""
        append = f"console=framed {machine.pop('append', '')}".strip()
        emulated = qemu.Machine(
            kernel=architectures.get(self.architecture).boot_image, archive=archive,
            architecture=self.architecture, append=append, **{"cpus": self.cpus, **machine})
        done = self._boot_once(emulated, request, stdin, timeout, boot_limit_s)
        if done.outcome is guests.Outcome.EMULATOR_CRASH:
            progress.say(f"{self._name}: {done.message}; trying once more")
            done = self._boot_once(emulated, request, stdin, timeout, boot_limit_s)
        return done

    def _boot_once(self, machine, request, stdin, timeout, boot_limit_s):
        log_path = paths.log_directory() / f"test-{self._name}.log"
        with tempfile.TemporaryFile() as source:
            source.write(stdin.encode() if isinstance(stdin, str) else stdin)
            source.seek(0)
            streams = CapturedStreams(Log(log_path, False), source.fileno())
            result = guests.Guest(machine, request, streams, timeout, boot_limit_s).run()
        return Done(int(result.code), result.outcome, result.message,
                    bytes(streams.output["stdout"]), bytes(streams.output["stderr"]),
                    log_path.read_text(errors="replace"))


def musl_cross(of):
    """The command that makes musl's programs by the compiler for glibc: before and after the source.

    -S: Debian 12's linker for riscv64 ends by a fault on the debug information of Debian 13.
    """
    files = private_root.unpacked("musl-dev", of.debian) / "usr"
    include, library = (files / part / f"{of.name}-linux-musl" for part in ("include", "lib"))
    own = subprocess.check_output([of.compiler, "-print-file-name=include"], text=True).strip()
    return ([of.compiler, "-static", "-nostdinc", "-nostdlib", "-isystem", include, "-isystem", own,
             "-idirafter", f"/usr/{of.name}-linux-gnu/include", library / "crt1.o", library / "crti.o"],
            [f"-L{library}", "-Wl,-S", "-Wl,--start-group", "-lc", "-lgcc", "-lgcc_eh", "-Wl,--end-group",
             library / "crtn.o"])


def _read_to_end(console, deadline):
    """What comes from a socket until it is closed or the time is over."""
    shown = bytearray()
    while select.select([console], [], [], max(0, deadline - time.monotonic()))[0]:
        data = console.recv(65536)
        if not data:
            break
        shown += data
    return bytes(shown)


class Terminal:
    """A program on a pseudo-terminal: type with send, watch with expect."""

    def __init__(self, arguments, rows=24, columns=80):
        self._master, slave = os.openpty()
        self.resize(rows, columns)
        self.transcript = ""
        self._matched = 0
        self._answered = 0
        self._untyped = b""
        os.set_blocking(self._master, False)
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *arguments], stdin=slave, stdout=slave, stderr=slave,
            env={**os.environ, "TERM": "vt100"})
        os.close(slave)

    def send(self, text):
        """Types text; `"\\x03"` is Ctrl-C."""
        self._untyped += text.encode()
        self._type()

    def press(self, key, pattern, tries=20):
        """Presses a key, again where it came before the program that is to get it, until `pattern` comes."""
        for _ in range(tries):
            self.send(key)
            with contextlib.suppress(AssertionError):
                return self.expect(pattern, timeout=2)
        raise AssertionError(f"{key!r} brings no {pattern!r}; the terminal shows:\n{self.transcript[-3000:]}")

    def resize(self, rows, columns):
        """Changes the window's size."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def expect(self, pattern, timeout=30):
        """Waits for a regular expression in the output after the last match; the match."""
        deadline = time.monotonic() + timeout
        while True:
            found = re.compile(pattern, re.MULTILINE).search(self.transcript, self._matched)
            if found:
                self._matched = found.end()
                return found
            if not self._read(deadline):
                raise AssertionError(f"no {pattern!r} in {timeout} s, or the program ended; "
                                     f"the terminal shows:\n{self.transcript[-3000:]}")

    def watch(self, seconds):
        """Reads for so long; what came."""
        deadline = time.monotonic() + seconds
        seen = len(self.transcript)
        while self._read(deadline):
            pass
        return self.transcript[seen:]

    def wait(self, timeout=30):
        """Reads to the end of the program; its exit status."""
        deadline = time.monotonic() + timeout
        while self._read(deadline):
            pass
        try:
            return self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the program has not ended in {timeout} s; "
                                 f"the terminal shows:\n{self.transcript[-3000:]}") from None

    def signal(self, number):
        """Sends a signal to the program."""
        self._process.send_signal(number)

    def end(self):
        """Ends the program if it still runs."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        os.close(self._master)

    def _type(self):
        with contextlib.suppress(BlockingIOError):
            while self._untyped:
                self._untyped = self._untyped[os.write(self._master, self._untyped) :]

    def _read(self, deadline):
        """Adds output to the transcript; False at the end or the deadline."""
        while True:
            remaining = deadline - time.monotonic()
            writing = [self._master] if self._untyped else []
            if remaining <= 0:
                return False
            readable, writable, _ = select.select([self._master], writing, [], remaining)
            if writable:
                self._type()
            if readable:
                return self._take()

    def _take(self):
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.transcript += data.decode(errors="replace")
        while (asked := self.transcript.find(CURSOR_QUERY, self._answered)) >= 0:
            self._answered = asked + len(CURSOR_QUERY)
            self.send(CURSOR_ANSWER)
        return bool(data)
