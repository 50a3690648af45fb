# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Spin models: tests/model/*.pml.

A model's first comment says how it is checked: `small:` and `large:` with the
preprocessor's options of that configuration, and a line `mutant: NAME` for each
option that puts a fault into it. A model holds if Spin finds no error in it, and
finds one in each of its mutants, which are of the small size.
"""

import re
import subprocess
import tempfile

from trellis import paths

FOLDER = paths.TREE / "tests" / "model"
DEPTHS = {"small": 200_000, "large": 5_000_000}
LIMIT_S = 3000
OPTION = re.compile(r"^ \* (small|large|mutant): +(\S.*)$", re.MULTILINE)


def tests(size):
    """(name, callable) for each model in the configuration `size`."""
    return [(path.stem, lambda path=path: check(path, size)) for path in sorted(FOLDER.glob("*.pml"))]


def check(path, size):
    """Verifies a model; in the small size its mutants as well."""
    found = OPTION.findall(path.read_text())
    options = {kind: text.split() for kind, text in found if kind != "mutant"}
    mutants = [text.split()[0] for kind, text in found if kind == "mutant"]
    errors, report = verify(path, options[size], DEPTHS[size])
    if errors != 0:
        raise AssertionError(f"{path.name} {size}: {report}")
    if size == "small" and not mutants:
        raise AssertionError(f"{path.name} has no mutants")
    for mutant in mutants if size == "small" else ():
        errors, report = verify(path, [*options["small"], f"-D{mutant}"], DEPTHS["small"])
        if errors == 0:
            raise AssertionError(f"{path.name}: mutant {mutant} passes: {report}")


def verify(path, options, depth):
    """The number of errors that Spin found, and its report."""
    with tempfile.TemporaryDirectory() as work:
        def output_of(*command):
            done = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S)
            if done.returncode != 0:
                raise AssertionError(f"{path.name}: {' '.join(command)}: {done.stdout[-2000:]}")
            return done.stdout

        output_of("spin", "-a", *options, str(path))
        output_of("gcc", "-O1", "-w", "-DSAFETY", "-o", "pan", "pan.c")
        report = output_of("./pan", f"-m{depth}")
    counted = re.search(r"errors: (\d+)", report)
    if counted is None or "max search depth too small" in report or "out of memory" in report:
        raise AssertionError(f"{path.name}: the search did not end: {report}")
    return int(counted.group(1)), report
