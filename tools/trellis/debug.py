# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis debug`: a guest that waits, and gdb attached to it with symbols.

gdb has the terminal; what the guest says goes to build/logs/debug-console.log.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import tempfile
import threading

from trellis import architectures, boot_archive, errors, guest, host_packages, paths, progress, run
from trellis.host_streams import CapturedStreams, Log

SUPPORT = paths.TREE / "tools" / "gdb_support.py"


def add_arguments(parser):
    """Options of `debug`."""
    run.add_machine_arguments(parser)
    parser.add_argument("--program", action="append", default=[], metavar="NAME",
                        help="load this program's symbols too, such as tty")
    parser.add_argument("--ex", action="append", default=[], metavar="COMMAND",
                        help="a gdb command to begin with; may be repeated")
    parser.add_argument("--batch", action="store_true", help="end after the --ex commands")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ...",
                        help="what the guest runs; without it, a shell with no input")
    parser.set_defaults(env=[], trace=False)


class WatchedStreams(CapturedStreams):
    """Output to a log; `leave` set from another thread ends the guest."""

    def __init__(self, log):
        super().__init__(log)
        self._everything = log
        self.leave = threading.Event()

    def show(self, stream, data):
        self._everything.write(data)

    def attend(self, conversation):
        if self.leave.is_set():
            raise guest.Leave(errors.Exit.OURS, "gdb has ended")


def main(options):
    """Boots a stopped guest and runs gdb; gdb's status."""
    progress.quiet = options.quiet
    run.check(options)
    host_packages.ensure("debug", options.arch)
    run.prepare(options)
    log_path = paths.log_directory() / "debug-console.log"
    with tempfile.TemporaryDirectory(prefix="trellis-") as directory, \
            run.archive_of(options) as archive:
        socket_path = pathlib.Path(directory) / "gdb"
        machine = run.machine_of(options, archive)
        machine.extra = ["-S", "-gdb", f"unix:{socket_path},server=on,wait=off"]
        streams = WatchedStreams(Log(log_path, False))
        boot = guest.Guest(machine, run.request_of(options, (False,) * 3, (0, 0)), streams,
                           boot_limit_s=float("inf"))
        results = []
        thread = threading.Thread(target=lambda: results.append(boot.run()))
        thread.start()
        try:
            status = _run_gdb(options, socket_path, thread)
        finally:
            streams.leave.set()
            thread.join()
    progress.say(f"what the guest said is in {os.path.relpath(log_path)}")
    if results and results[0].outcome is not guest.Outcome.LEFT and results[0].message:
        progress.say(results[0].message)
    return status


def _run_gdb(options, socket_path, thread):
    """gdb in the foreground; Ctrl-C is gdb's own business meanwhile."""
    while not socket_path.exists():
        if not thread.is_alive():
            raise errors.Failure("the emulator ended before gdb could attach")
        thread.join(0.02)
    architecture = architectures.get(options.arch)
    programs = programs_of(options.arch)
    unknown = [name for name in options.program if name not in programs]
    if unknown:
        raise errors.Failure(f"--program {unknown[0]}: there is {', '.join(sorted(programs))}")
    commands = ["set pagination off", "set confirm off",
                f"set architecture {architecture.gdb}", f"source {SUPPORT}",
                f"target remote {socket_path}",
                *[f"add-symbol-file {programs[name]}" for name in options.program], *options.ex]
    arguments = [architecture.debugger, "-q", "-nx", *(["-batch"] if options.batch else [])]
    for text in commands:
        arguments += ["-ex", text]
    listing = os.pathsep.join(f"{name}={path}" for name, path in programs.items())
    held = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run([*arguments, str(paths.kernel_image(options.arch))], check=False,
                              env={**os.environ, "TRELLIS_PROGRAMS": listing},
                              preexec_fn=_take_interrupts).returncode
    finally:
        signal.signal(signal.SIGINT, held)


def _take_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def programs_of(architecture):
    """{name: built file with symbols} of the programs in the boot archive."""
    return {place.rpartition("/")[2]: path
            for place, path in boot_archive.installed(architecture, True).items()
            if place in ("init", "posix") or place.startswith("bin/")}
