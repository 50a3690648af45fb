# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What the README shows happens as it stands there."""

import re
import subprocess

from trellis import paths


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
