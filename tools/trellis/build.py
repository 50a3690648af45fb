# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Setting up Meson's build directories and compiling."""

import contextlib
import fcntl
import json
import os
import re
import subprocess

from trellis import architectures, command, errors, paths, ports, progress

ADVICE = "the build failed"


def add_option(parser):
    """The option --debug-checks."""
    parser.add_argument("--debug-checks", action="store_true",
                        help="the build that checks itself and is slower, which most tests run")


def select(options):
    """From here on, the build that the option chooses: without it, one without debug checks."""
    if not options.debug_checks:
        paths.select_release()


def build_guest(architecture):
    """Compiles kernel and programs of an architecture."""
    directory = paths.build_directory(architecture)
    cross = paths.TREE / "tools" / "cross" / f"{architecture}.ini"
    with _locked():
        ports.prepare()
        if paths.release_selected():
            _set_up(directory, ["--cross-file", cross, "-Ddebug_checks=false"], {})
        else:
            _set_up(directory, ["--cross-file", cross], {})
            if architecture == architectures.DEFAULT:
                _link_compile_commands(directory)
        _compile(directory)


def build_host():
    """Compiles the unit tests for the host, with sanitizers."""
    with _locked():
        ports.prepare()
        _set_up(paths.HOST_BUILD, ["-Db_sanitize=address,undefined"], {"CC": "clang"})
        _compile(paths.HOST_BUILD)


@contextlib.contextmanager
def _locked():
    """One build at a time in a tree: ninja does not lock."""
    paths.BUILD.mkdir(exist_ok=True)
    with open(paths.BUILD / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _set_up(directory, options, environment):
    """Makes the build directory, or renews it when a folder gained its meson.build."""
    name = f"setup-{directory.name}"
    if not (directory / "build.ninja").exists():
        with progress.Step(f"setting up build/{directory.name}"):
            arguments = ["meson", "setup", *options, directory]
            command.run_logged(arguments, name, ADVICE, environment)
    elif _build_files() - _known_build_files(directory):
        arguments = ["meson", "setup", "--reconfigure", directory]
        command.run_logged(arguments, name, ADVICE, environment)
        (directory / "seen_build_files").write_text("\n".join(sorted(_build_files())))


def _build_files():
    return {str(path) for path in paths.TREE.glob("[a-z]*/**/meson.build")
            if paths.BUILD not in path.parents}


def _known_build_files(directory):
    """Files that Meson read, or that were there when it was last told to look."""
    listing = directory / "meson-info" / "intro-buildsystem_files.json"
    known = set(json.loads(listing.read_text()))
    with contextlib.suppress(FileNotFoundError):
        known |= set((directory / "seen_build_files").read_text().splitlines())
    return known


def _compile(directory):
    """Runs ninja; shows its progress on a terminal's standard error after two seconds."""
    log = paths.log_directory() / f"build-{directory.name}.log"
    with progress.Step(f"building build/{directory.name}"), open(log, "w") as output:
        status = subprocess.run(
            ["ninja", "-C", str(directory)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False,
        ).returncode
    if status != 0:
        raise errors.Failure(f"{_what_failed(log.read_text())}\n{ADVICE} "
                             f"(whole output: {os.path.relpath(log)})")


def _what_failed(text):
    """ninja's output from the first failed step on, without the long command lines."""
    start = text.find("FAILED: ")
    shown = text[start:] if start >= 0 else text
    lines = [line for line in shown.splitlines() if not re.match(r"(/\S*/)?clang |ninja: ", line)]
    return "\n".join(lines[:60])


def _link_compile_commands(directory):
    link = paths.TREE / "compile_commands.json"
    target = os.path.relpath(directory / "compile_commands.json", paths.TREE)
    if not link.is_symlink() or os.readlink(link) != target:
        link.unlink(missing_ok=True)
        link.symlink_to(target)
