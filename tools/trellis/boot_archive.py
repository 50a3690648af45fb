# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The boot archive: what the build installs, and the root file system below root/.

`init`, `posix`, `manifest` and `bin/NAME` stand at the places that Meson's install
plan names; docs/building.md says how a file gets there.
"""

import json
import os
import threading

from trellis import command, cpio, errors, frames, paths, root_files
from trellis.file_tree import FileTree

WINDOW = frames.string_of("CONSOLE_WINDOW_FILE")
# Tests run in threads: what they share is made by one of them.
_making_shared = threading.RLock()


def installed(architecture, with_tests):
    """{place in the archive: path of the built or source file}, from Meson's plan."""
    plan_file = paths.build_directory(architecture) / "meson-info" / "intro-install_plan.json"
    plan = json.loads(plan_file.read_text())
    places = {}
    for section in plan.values():
        for source, details in section.items():
            if with_tests or details.get("tag") != "test":
                places[details["destination"].lstrip("/")] = source
    return places


def write(architecture, output_path, overlay=None, with_tests=False):
    """Writes the archive; `overlay` is a host directory laid over the default root."""
    places = installed(architecture, with_tests)
    if "init" not in places:
        raise errors.Failure("the build made no `init`: there is nothing to boot yet")
    root = root_files.default_root(architecture)
    if overlay is not None:
        root.overlay(overlay)
    archive = FileTree(root.mtime)
    for place in sorted(places, key=lambda name: (name != "init", name)):
        _add_installed(archive, architecture, place, places[place])
    archive.add_file(WINDOW, bytes(frames.CONSTANTS["CONSOLE_WINDOW_SIZE"]))
    archive.add_directory("root")
    for path, entry in root.entries.items():
        archive.entries[f"root/{path}"] = entry
    partial = output_path.with_suffix(f".{os.getpid()}")
    with open(partial, "wb") as output:
        cpio.write(archive, output)
    partial.replace(output_path)


def default(architecture, with_tests=False):
    """Path of the archive with the default root, written again if anything is newer."""
    name = "boot-test.cpio" if with_tests else "boot.cpio"
    output = paths.build_directory(architecture) / name
    sources = [*installed(architecture, with_tests).values(), *root_files.ETC.iterdir(),
               *paths.TREE.glob("tools/trellis/*.py")]
    with _making_shared:
        newest = max(os.path.getmtime(source) for source in sources)
        if not output.exists() or output.stat().st_mtime <= newest:
            write(architecture, output, None, with_tests)
    return output


def _add_installed(archive, architecture, place, source):
    with open(source, "rb") as file:
        program = file.read(4) == b"\x7fELF"
    if program:
        archive.add_file(place, _stripped(architecture, place, source), 0o755)
    else:
        archive.add_file(place, source)


def _stripped(architecture, place, source):
    """A copy of a program without symbols; the build directory keeps the whole one."""
    target = paths.build_directory(architecture) / "stripped" / place
    with _making_shared:
        if not target.exists() or target.stat().st_mtime <= os.path.getmtime(source):
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(f".{os.getpid()}")
            command.output_of(["llvm-strip", "--strip-all", "-o", partial, source])
            partial.replace(target)
    return target
