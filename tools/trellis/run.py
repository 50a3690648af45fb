# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis run`: builds, boots, and gives a shell or one command's output and status."""

import argparse
import contextlib
import json
import os
import pathlib
import re
import sys
import tempfile
import time

from trellis import architectures, boot_archive, build, errors, guest, host_packages, paths
from trellis import progress, qemu
from trellis.conversation import Request
from trellis.host_streams import CapturedStreams, HostStreams, Log

LOGIN_SHELL = ["/bin/sh", "-l"]
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LOGNAME": "root",
    "SHELL": "/bin/sh",
    "LANG": "C.UTF-8",
}


def add_arguments(parser):
    """Options of `run`; those of the machine are shared with `debug`."""
    add_machine_arguments(parser)
    parser.add_argument("--timeout", type=_seconds, metavar="SECONDS",
                        help="end the guest after this long; exit status 124")
    parser.add_argument("--json", action="store_true",
                        help="print one JSON object: how it ended, status, output")
    parser.add_argument("--trace", action="store_true",
                        help="print each Linux call of CMD to standard error")
    parser.add_argument("-e", "--env", action="append", default=[], metavar="NAME=VALUE",
                        help="set a variable in the guest's environment")
    build.add_option(parser)
    parser.add_argument("--verbose", action="store_true",
                        help="show the guest's log on standard error")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ...",
                        help="what to run; without it, a login shell")


def add_machine_arguments(parser):
    """Options that choose the machine and what is in it."""
    architectures.add_option(parser)
    parser.add_argument("--memory", default="512M", metavar="SIZE", help="default 512M")
    parser.add_argument("--smp", type=int, default=1, metavar="N", help="processors")
    parser.add_argument("--machine", default="", metavar="NAME", help="; ".join(
        f"{of.name}: {', '.join(of.machines)}" for of in architectures.ALL.values()))
    parser.add_argument("--cpu", default="", metavar="MODEL", help="QEMU's -cpu")
    parser.add_argument("--accel", default="tcg", help="tcg (default) or kvm")
    parser.add_argument("--root", metavar="DIR", help="lay this directory over the default root")
    parser.add_argument("--append", default="", metavar="WORDS", help="kernel command line")
    parser.add_argument("--no-build", action="store_true", help="run what was built before")
    parser.add_argument("--quiet", action="store_true", help="no progress messages")
    parser.add_argument("--network", action="store_true", help="not there yet")
    parser.add_argument("--disk", metavar="FILE", help="not there yet")


def main(options):
    """Runs a guest; its exit code."""
    progress.quiet = options.quiet or options.json
    check(options)
    build.select(options)
    prepare(options)
    started = time.monotonic()
    log_path = paths.log_directory() / "guest.log"
    with archive_of(options) as archive:
        machine = machine_of(options, archive)
        if options.json:
            return _run_captured(options, machine, log_path, started)
        return _run_attached(options, machine, log_path)


def check(options):
    """Failure with advice for what cannot be had."""
    architectures.get(options.arch).check_cpus(options.smp)
    if options.network:
        raise errors.Failure("--network: there is no network yet")
    if options.disk:
        raise errors.Failure("--disk: there is no disk that lasts yet; use --root DIR")
    if not re.fullmatch(r"[1-9]\d*[KMG]?", options.memory):
        raise errors.Failure(f"--memory {options.memory}: a number with K, M or G, such as 512M")
    if options.root and os.path.isfile(options.root):
        raise errors.Failure("--root: disk images are not there yet; give a directory")
    for setting in getattr(options, "env", []):
        if not re.match(r"[^=]+=", setting):
            raise errors.Failure(f"--env {setting}: must be NAME=VALUE")


def prepare(options):
    """Installs what is missing and builds, unless --no-build."""
    if not options.no_build:
        host_packages.ensure("run", options.arch)
        build.build_guest(options.arch)
    if not architectures.get(options.arch).boot_image.exists():
        raise errors.Failure(f"there is no kernel for {options.arch} yet, nothing to boot")


@contextlib.contextmanager
def archive_of(options):
    """Path of the boot archive; a temporary one with --root."""
    if options.root is None:
        yield boot_archive.default(options.arch)
        return
    with tempfile.TemporaryDirectory(prefix="trellis-") as directory:
        archive = pathlib.Path(directory) / "boot.cpio"
        with progress.Step(f"packing {options.root}"):
            boot_archive.write(options.arch, archive, options.root)
        yield archive


def machine_of(options, archive):
    """The machine that the options describe."""
    return qemu.Machine(
        kernel=architectures.get(options.arch).boot_image,
        archive=archive,
        architecture=options.arch,
        append=f"console=framed {options.append}".strip(),
        memory=options.memory,
        cpus=options.smp,
        machine=options.machine,
        accelerator=options.accel,
        cpu=options.cpu,
    )


def request_of(options, terminals, window):
    """What the guest is asked to run."""
    words = options.command[1:] if options.command[:1] == ["--"] else options.command
    environment = dict(ENVIRONMENT)
    if any(terminals):
        environment["TERM"] = os.environ.get("TERM", "vt100")
    environment.update(setting.split("=", 1) for setting in options.env)
    return Request(words or LOGIN_SHELL, environment, terminals, window, options.trace)


def _run_attached(options, machine, log_path):
    streams = HostStreams(Log(log_path, options.verbose), options.timeout)
    request = request_of(options, streams.terminals, streams.window())
    with streams:
        result = guest.Guest(machine, request, streams, options.timeout).run()
        if result.outcome not in (guest.Outcome.EXITED, guest.Outcome.POWERED_OFF, guest.Outcome.RESTARTED):
            streams.reset_screen()
    if result.message:
        print(f"trellis: {result.message}", file=sys.stderr)
        if result.code in (errors.Exit.PANIC, errors.Exit.NO_BOOT, errors.Exit.OUT_OF_MEMORY):
            print(f"trellis: the guest's log is {os.path.relpath(log_path)}", file=sys.stderr)
    return result.code


def _run_captured(options, machine, log_path, started):
    streams = CapturedStreams(Log(log_path, options.verbose), input_fd=0)
    request = request_of(options, (False, False, False), (0, 0))
    result = guest.Guest(machine, request, streams, options.timeout).run()
    exited = result.outcome is guest.Outcome.EXITED
    signalled = result.outcome is guest.Outcome.SIGNALLED
    print(json.dumps({
        "outcome": result.outcome.value,
        "code": int(result.code),
        "status": int(result.code) if exited else None,
        "signal": int(result.code) - guest.SIGNAL_BASE if signalled else None,
        "message": result.message,
        "stdout": streams.output["stdout"].decode(errors="backslashreplace"),
        "stderr": streams.output["stderr"].decode(errors="backslashreplace"),
        "damaged_frames": result.damaged_frames,
        "seconds": round(time.monotonic() - started, 3),
        "build": paths.build_directory(options.arch).name,
        "machine": {"arch": options.arch, "machine": machine.machine, "cpu": machine.cpu,
                    "memory": options.memory, "cpus": options.smp, "accel": options.accel},
        "log": str(log_path),
    }, indent=2))
    return result.code


def _seconds(text):
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value
