# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What each operation of the kernel costs, user and kernel instructions together.

The rows come from tests/system/native/bench, which prints
`row: NAME LEAST GREATEST BATCHES ROUNDS` with thousandths of an instruction. A figure
is the least of its batches, the spread what lies between the least and the greatest.
Beside it stands what seL4 takes for the same (sel4.toml).
"""

import re
import tomllib

from trellis import errors, paths

AGAINST_LINUX = False
UNITS = {}
PROGRAM = "bench_kernel"
PARTS = 1000
_ROW = re.compile(r"^.*\brow: (\w+) (\d+) (\d+) (\d+) (\d+)\s*$", re.MULTILINE)


def rows(system, append=""):
    """The rows of one architecture, in the program's order."""
    beside = sel4(system.architecture)
    found = [_row(match, beside) for match in _ROW.finditer(system.log_of_native(PROGRAM, append))]
    if not found:
        raise errors.Failure(f"{PROGRAM} printed no rows")
    return found


def sel4(architecture):
    """{row: instructions} of seL4."""
    return tomllib.loads((paths.TREE / "bench" / "sel4.toml").read_text())[architecture]


def _row(match, beside):
    name, (least, greatest, batches, rounds) = match[1], map(int, match.groups()[1:])
    row = {"bench": "kernel", "figure": name, "unit": "instructions",
           "trellis": round(least / PARTS),
           "spread": {"trellis": round((greatest - least) / max(least, 1), 4)},
           "batches": batches, "operations": rounds}
    if name in beside:
        row |= {"sel4": beside[name], "of_sel4": round(least / PARTS / beside[name], 3)}
    return row
