# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis fmt`: clang-format over every C file of the tree."""

import subprocess

from trellis import host_packages, paths
from trellis.lint import layout
from trellis.lint.tree import Tree


def add_arguments(parser):
    """Options of `fmt`."""
    parser.add_argument("file", nargs="*", help="only these files")


def main(options):
    """Formats in place; clang-format's status."""
    host_packages.ensure("fmt")
    tree = Tree(paths.TREE)
    files = options.file or [str(tree.root / path) for path in layout.sources(tree)]
    if not files:
        return 0
    return subprocess.run(["clang-format", "-i", *files], check=False).returncode
