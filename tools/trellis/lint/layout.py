# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""C files are as clang-format with the tree's .clang-format writes them."""

import subprocess

from trellis.lint.tree import Finding


def sources(tree):
    """The files that clang-format looks after."""
    return tree.matching(".c", ".h")


def check(tree):
    """One finding per file that `./trellis fmt` would change."""
    files = sources(tree)
    if not files:
        return []
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], cwd=tree.root,
                          capture_output=True, text=True, check=False)
    complaints = {}
    for line in done.stderr.splitlines():
        if "clang-format-violations" in line:
            path, number = line.split(":")[:2]
            complaints.setdefault(path, number)
    return [Finding(path, number, "not formatted: run ./trellis fmt")
            for path, number in complaints.items()]
