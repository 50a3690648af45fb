# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The systems that benchmarks run on: Trellis, and Debian's kernel in the same QEMU.

Both get the same static programs (bench/programs), the same busybox and the same
emulator arguments; one counter step is one instruction.
"""

import pathlib
import re
import shutil
import tempfile
import threading

from trellis import architectures, boot_archive, command, cpio, errors, guest, paths, private_root, qemu
from trellis import progress, root_files, run
from trellis.conversation import Request
from trellis.host_streams import CapturedStreams, Log
from trellis.lint import budget
from trellis.lint.tree import Tree

PROGRAMS = paths.TREE / "bench" / "programs"
LIMIT_S = 900
BOOTS_MAX = 3  # where output was lost
LINUX_APPEND = "console={port} quiet rdinit=/init"
INIT = "#!/bin/sh\nmount -t proc proc /proc\nsh -c /bench/{program}\npoweroff -f\n"
_FIGURE = re.compile(r"^bench: (\w+) (\d+)\s*$", re.MULTILINE)


def figures_in(text):
    """{name: value} of the lines `bench: NAME VALUE`."""
    return {name: int(value) for name, value in _FIGURE.findall(text)}


def compiled(program, architecture):
    """A static executable of bench/programs, made by gcc."""
    of = architectures.get(architecture)
    target = paths.BUILD / "bench" / architecture / program
    target.parent.mkdir(parents=True, exist_ok=True)
    command.run_logged(
        [of.compiler, "-O2", "-static", "-Wall", "-Wextra", "-Werror", "-I", PROGRAMS / "arch" /
         architecture, PROGRAMS / f"{program}.c", "-o", target],
        f"bench-{program}", "gcc could not build a benchmark program")
    return target


def root_with(program, architecture):
    """The default root with one program in /bench."""
    root = root_files.default_root(architecture)
    root.add_file(f"bench/{program}", compiled(program, architecture), 0o755)
    return root


class Trellis:
    """This tree's kernel and servers."""

    name = "trellis"

    def __init__(self, architecture):
        self.architecture = architecture

    def figures_of_program(self, program, stdin=b"", **machine):
        """Runs a program of bench/programs from a shell; what it printed.

        `machine`: fields of qemu.Machine.
        """
        with tempfile.TemporaryDirectory(prefix="trellis-") as directory:
            overlay = pathlib.Path(directory) / "root"
            (overlay / "bench").mkdir(parents=True)
            shutil.copy(compiled(program, self.architecture), overlay / "bench")
            archive = pathlib.Path(directory) / "boot.cpio"
            boot_archive.write(self.architecture, archive, str(overlay))
            return figures_in(self._boot(program, archive, ["sh", "-c", f"/bench/{program}"], "",
                                         stdin, **machine))

    def log_of_native(self, program, append="", **machine):
        """Runs a program of tests/system/native as init's only task; what it logged.

        `machine`: fields of qemu.Machine.
        """
        archive = boot_archive.default(self.architecture, with_tests=True)
        return self._boot(program, archive, [program], f"log=uart init.run=bin/{program} {append}",
                          **machine)

    def sizes(self):
        """Lines of each part of the kernel, and bytes of its image."""
        lines, _, _ = budget.measure(Tree(paths.TREE))
        if not paths.kernel_image(self.architecture).exists():
            raise errors.Failure("there is no kernel image to measure")
        image = budget.image_bytes(paths.kernel_image(self.architecture))
        return {**{f"lines: {name}": count for name, count in lines.items()},
                "lines: in all": sum(lines.values()), "image bytes": image}

    @staticmethod
    def size_limits():
        """{figure of sizes: what is allowed}, from the table that lint holds."""
        table = budget.table_of(Tree(paths.TREE))
        return {**{f"lines: {part['name']}": part["lines"] for part in table["part"]},
                "lines: in all": table["total_lines"], "image bytes": table["image_bytes"]}

    def _boot(self, program, archive, words, append, stdin=b"", **fields):
        machine = qemu.Machine(
            kernel=architectures.get(self.architecture).boot_image, archive=archive,
            architecture=self.architecture,
            append=f"console=framed {append}".strip(),
            **{"extra": qemu.EXACT_COUNTING, **fields})
        named = re.sub(r"\W+", "-", f"bench {program} {self.architecture} {append}".strip())
        log_path = paths.log_directory() / f"{named}.log"
        for _ in range(BOOTS_MAX):
            result, streams = self._boot_once(machine, words, stdin, log_path)
            if not result.damaged_frames:
                break
            progress.say(f"{named}: a frame of the console was lost, figures with it: measured again")
        if result.code != 0:
            raise errors.Failure(f"{words}: {result.outcome.value}, status {result.code}: "
                                 f"{result.message}")
        text = streams.output["stdout"].decode(errors="replace")
        return text + log_path.read_text(errors="replace")

    @staticmethod
    def _boot_once(machine, words, stdin, log_path):
        with tempfile.TemporaryFile() as source:
            source.write(stdin)
            source.seek(0)
            streams = CapturedStreams(Log(log_path, False), source.fileno())
            return guest.Guest(machine, Request(words, run.ENVIRONMENT), streams, LIMIT_S, LIMIT_S).run(), streams


class Linux:
    """Debian's kernel with the same busybox as an initramfs."""

    name = "linux"

    def __init__(self, architecture):
        self._architecture = architecture

    def figures_of_program(self, program, stdin=b"", **machine):
        """Runs a program of bench/programs from a shell; what it printed.

        `machine`: fields of qemu.Machine.
        """
        with tempfile.TemporaryDirectory(prefix="trellis-") as directory:
            archive = pathlib.Path(directory) / "initramfs.cpio"
            root = root_with(program, self._architecture)
            root.add_file("init", INIT.format(program=program).encode(), 0o755)
            with open(archive, "wb") as output:
                cpio.write(root, output)
            emulated = qemu.Machine(
                kernel=self.kernel(), archive=archive, architecture=self._architecture,
                append=LINUX_APPEND.format(port=architectures.get(self._architecture).linux[2]),
                extra=qemu.EXACT_COUNTING, **machine)
            text = _plain_boot(emulated)
        figures = figures_in(text.replace("\r", ""))
        if not figures:
            raise errors.Failure(f"Linux printed no figures for {program}:\n{text[-2000:]}")
        return figures

    def kernel(self):
        """The kernel image of Debian's package, fetched when first asked for."""
        of = architectures.get(self._architecture)
        package, suite, _ = of.linux
        name = private_root.first_dependency(package, of.debian, suite)
        files = private_root.unpacked(name, of.debian, suite)
        return next((files / "boot").glob("vmlinuz-*"))


def _plain_boot(machine):
    """Boots a machine whose serial port is plain text; that text."""
    with qemu.Emulator(machine) as emulator:
        emulator.console.setblocking(True)
        overdue = threading.Timer(LIMIT_S, emulator.end)
        overdue.start()
        text = bytearray()
        try:
            while data := _receive(emulator.console):
                text += data
        finally:
            overdue.cancel()
        emulator.wait(guest.POWER_OFF_LIMIT_S)
    return text.decode(errors="replace")


def _receive(console):
    try:
        return console.recv(65536)
    except ConnectionResetError:
        return b""
