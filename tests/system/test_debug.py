# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis debug` with the real machine, and what editors read."""

import json
import pathlib
import re
import shlex
import subprocess
import tempfile

from trellis import paths
from trellis.testing.outcome import Skip


def test_breakpoints_in_the_kernel_and_in_a_server(guest):
    guest.only_on("x86_64", why="one debugger is enough to see the symbols")
    done = subprocess.run(
        [paths.TREE / "trellis", "debug", "--quiet", "--no-build", "--batch", "--ex", "break kernel_main", "--ex", "continue",
         "--ex", "pbreak tty console_start", "--ex", "continue", "--ex", "backtrace 1", "--", "true"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    assert "Breakpoint 1, kernel_main (boot=0x" in done.stdout, done.stdout
    assert "Breakpoint 2, console_start ()" in done.stdout, done.stdout
    assert "#0  console_start () at" in done.stdout, done.stdout


PARTS = ("kernel/core/main.c", "servers/tty/main.c", "posix/core/call.c", "drivers/serial/uart16550/uart16550.c",
         "boot/acpi.c", "lib/base/text.c")
OTHERS = re.compile(r"_test\.c$|_fake\.c$|/arch/(?!x86_64/|radix/)|/host/|^boot/(aarch64|riscv64|device_tree|string)"
                    r"|^drivers/|^posix/vdso/")  # not built so, or for other machines
WARNINGS = {
    "unused": "static int never;\n",
    "missing-prototypes": "int nobody_declared(void)\n{\n    return 1;\n}\n",
    "shadow": "int f(int x);\nint f(int x)\n{\n    {\n        int x = 2;\n        return x;\n    }\n}\n",
    "sign-compare": "int f(int x, unsigned y);\nint f(int x, unsigned y)\n{\n    return x < y;\n}\n",
    "implicit-fallthrough": "int f(int x);\nint f(int x)\n{\n    switch (x) {\n    case 1:\n        x++;\n    default:\n        return x;\n    }\n}\n",
}


def commands_of(path):
    """{file below the tree: (words of its compilation, where to run them)}."""
    found = {}
    for entry in json.loads(path.read_text()):
        directory = pathlib.Path(entry["directory"])
        file = pathlib.Path(directory, entry["file"]).resolve()
        if file.is_relative_to(paths.TREE):
            found[str(file.relative_to(paths.TREE))] = shlex.split(entry["command"]), directory
    return found


def compiled(words, directory, source):
    """What the compiler says of a source that stands for the file of a command; None: nothing."""
    flags = words[:words.index("-MD")]  # what follows says where results go
    done = subprocess.run([*flags, "-fsyntax-only", "-fno-color-diagnostics", "-c", source], cwd=directory,
                          capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (done.stderr == ""), done.stderr
    return done.stderr or None


def test_compile_commands_say_how_each_file_is_compiled(guest):
    guest.only_on("x86_64", why="the link at the top is to that build")
    commands = commands_of(paths.TREE / "compile_commands.json")
    sources = {str(path.relative_to(paths.TREE)) for part in ("kernel", "boot", "lib", "servers", "drivers", "posix")
               for path in (paths.TREE / part).rglob("*.c")}
    missing = [name for name in sorted(sources - set(commands)) if not OTHERS.search(name)]
    assert set(PARTS) <= set(commands) and not missing, missing
    for name in PARTS:
        words, directory = commands[name]
        assert compiled(words, directory, paths.TREE / name) is None, name


def test_a_warning_is_an_error(guest):
    guest.only_on("x86_64", why="the flags are the same for all")
    if guest.cpus > 1:
        raise Skip("the host's programs are built for the usual configuration only")
    host = commands_of(paths.HOST_BUILD / "compile_commands.json")
    commands = {**commands_of(paths.TREE / "compile_commands.json"), "a unit test": host["lib/base/text_test.c"]}
    with tempfile.TemporaryDirectory() as place:
        source = pathlib.Path(place, "warning.c")
        for name in (*PARTS, "a unit test"):
            source.write_text("int declared(void);\nint declared(void)\n{\n    return 1;\n}\n")
            said = compiled(*commands[name], source)
            assert said is None, (name, said)
            for warning, text in WARNINGS.items():
                source.write_text(text)
                said = compiled(*commands[name], source)
                assert said and f"[-Werror,-W{warning}" in said, (name, warning, said)
