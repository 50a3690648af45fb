# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis debug` with the real machine, and what editors read."""

import json
import pathlib
import subprocess

from trellis import paths


def test_breakpoints_in_the_kernel_and_in_a_server(guest):
    guest.only_on("x86_64", why="one debugger is enough to see the symbols")
    done = subprocess.run(
        [paths.TREE / "trellis", "debug", "--quiet", "--no-build", "--batch", "--ex", "break kernel_main", "--ex", "continue",
         "--ex", "pbreak tty console_start", "--ex", "continue", "--ex", "backtrace 1", "--", "true"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    assert "Breakpoint 1, kernel_main (boot=0x" in done.stdout, done.stdout
    assert "Breakpoint 2, console_start ()" in done.stdout, done.stdout
    assert "#0  console_start () at" in done.stdout, done.stdout


def test_compile_commands_say_how_each_file_is_compiled(guest):
    guest.only_on("x86_64", why="the link at the top is to that build")
    commands = json.loads((paths.TREE / "compile_commands.json").read_text())
    files = {str(pathlib.Path(entry["directory"], entry["file"]).resolve().relative_to(paths.TREE)) for entry in commands}
    parts = {"kernel/core/main.c", "servers/tty/main.c", "posix/core/call.c", "drivers/serial/uart16550/uart16550.c"}
    assert parts <= files, sorted(files)
