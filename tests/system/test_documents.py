# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What the README shows happens as it stands there."""

import re
import subprocess

from trellis import paths

PROMPT = "root@trellis:/# "
ASKING = re.escape(PROMPT) + r"\x1b\[6n"  # the shell asks where the cursor is, and is answered
KEYS = {"^Z": "\x1a", "^C": "\x03"}
BOOT_S = 120


def examples_in(text):
    """(command, what it prints) of each `$ command` in indented blocks."""
    for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE):
        lines = [line[4:] for line in block.splitlines()]
        starts = [at for at, line in enumerate(lines) if line.startswith("$ ")]
        for at, end in zip(starts, starts[1:] + [len(lines)]):
            yield lines[at][2:], lines[at + 1:end]


def test_examples_of_the_readme(guest):
    guest.only_on("x86_64", why="the README's examples are of x86-64")
    examples = list(examples_in((paths.TREE / "README.md").read_text()))
    assert examples
    for command, expected in examples:
        done = subprocess.run(["sh", "-c", command], cwd=paths.TREE, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True, timeout=300, check=False)
        assert done.stdout.splitlines() == expected, (command, done.stdout)


def session_in(text):
    """The lines of the block that shows a session at the shell."""
    return next([line[4:] for line in block.splitlines()]
                for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE) if block.startswith(f"    {PROMPT}"))


def test_session_of_the_readme(guest):
    guest.only_on("x86_64", why="the README's examples are of x86-64")
    lines = session_in((paths.TREE / "README.md").read_text())
    assert any(line.startswith("^Z") for line in lines) and lines[-1] == "^C"
    with guest.shell(rows=30, columns=100) as shell:
        for line in lines:
            if line.startswith(PROMPT):
                shell.expect(ASKING, timeout=BOOT_S)
                shell.send(line[len(PROMPT):] + "\r")
                shell.expect(re.escape(line[len(PROMPT):]) + "\r\n")
            elif line[:2] in KEYS:
                shell.press(KEYS[line[:2]], re.escape(line) + (r"\r\n" + ASKING if line == lines[-1] else ""))
            else:
                shell.expect(re.escape(line) + "\r\n")
