# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis lint`: all checks, and the table of the kernel's lines."""

import importlib
import json

from trellis import host_packages, paths
from trellis.lint import budget
from trellis.lint.tree import Tree

CHECKS = ["budget", "includes", "shape", "headers", "layout"]


def add_arguments(parser):
    """Options of `lint`."""
    parser.add_argument("check", nargs="*", choices=[[], *CHECKS], help="only these checks")
    parser.add_argument("--lines", action="store_true", help="print the kernel's lines per part")
    parser.add_argument("--json", action="store_true", help="print findings as JSON")


def run_check(name, tree):
    """The findings of one check."""
    return importlib.import_module(f"trellis.lint.{name}").check(tree)


def main(options):
    """Prints findings; 1 if there are any."""
    host_packages.ensure("lint")
    tree = Tree(paths.TREE)
    findings = {name: run_check(name, tree) for name in options.check or CHECKS}
    lines, _, _ = budget.measure(tree)
    if options.json:
        print(json.dumps({"findings": findings, "kernel_lines": lines}, indent=2))
    else:
        for complaints in findings.values():
            print("\n".join(complaints), end="\n" if complaints else "")
        if options.lines:
            _print_lines(tree, lines)
    return int(any(findings.values()))


def _print_lines(tree, lines):
    limits = {part["name"]: part["lines"] for part in budget.table_of(tree)["part"]}
    for name, count in lines.items():
        print(f"{count:6} of {limits[name]:6}  {name}")
    total = budget.table_of(tree)["total_lines"]
    print(f"{sum(lines.values()):6} of {total:6}  in all")
