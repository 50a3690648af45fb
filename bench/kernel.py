# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What each operation of the kernel costs, user and kernel instructions together.

The rows come from tests/system/native/bench, which prints
`row: NAME LEAST GREATEST BATCHES ROUNDS` with thousandths of an instruction. A figure
is the least of its batches, the spread what lies between the least and the greatest.
Beside it stand what seL4 takes for the same (sel4.toml) and what it took when the
baseline was set (baselines/ARCH.toml): more than 3 % above that is a limit that does not
hold, where compiler and processor are those of the baseline. Nor may a plain call by the
general path take more than three times what the fast one takes.
"""

import re
import tomllib

from trellis import architectures, command, errors, paths

AGAINST_LINUX = False
UNITS = {}
PROGRAM = "bench_kernel"
PARTS = 1000
TOLERANCE = 0.03
SMALL = 2  # instructions that a row may always gain
FAST, GENERAL, TIMES = "call_reply", ("call_reply_text", "call_reply_until"), 3
_ROW = re.compile(r"^.*\brow: (\w+) (\d+) (\d+) (\d+) (\d+)\s*$", re.MULTILINE)
_HEAD = """# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

# Written by `./trellis bench kernel --arch {architecture} --set-baseline REASON`.

"""


def rows(system, append=""):
    """The rows of one architecture, in the program's order."""
    beside, baseline = sel4(system.architecture), baseline_of(system.architecture)
    text = system.log_of_native(PROGRAM, append)
    found = [_row(match, beside, baseline["instructions"]) for match in _ROW.finditer(text)]
    if not found:
        raise errors.Failure(f"{PROGRAM} printed no rows")
    return found


def sel4(architecture):
    """{row: instructions} of seL4."""
    return tomllib.loads((paths.TREE / "bench" / "sel4.toml").read_text())[architecture]


def baseline_path(architecture):
    """The file of a baseline."""
    return paths.TREE / "bench" / "baselines" / f"{architecture}.toml"


def baseline_of(architecture):
    """{compiler, cpu, reasons, instructions: {row: count}}; empty if none was ever set."""
    path = baseline_path(architecture)
    if not path.exists():
        return {"compiler": "", "cpu": "", "reasons": [], "instructions": {}}
    return tomllib.loads(path.read_text())


def setting(architecture):
    """What a baseline depends on."""
    return {"compiler": command.output_of(["clang", "--version"]).splitlines()[0],
            "cpu": architectures.get(architecture).accelerators["tcg"]}


def verdicts(found, architecture):
    """The rows that cost more than the baseline allows, or that it does not know."""
    baseline = baseline_of(architecture)
    must = all(baseline[name] == value for name, value in setting(architecture).items())
    known = baseline["instructions"]
    most = {name: int(max(count * (1 + TOLERANCE), count + SMALL)) for name, count in known.items()}
    fast = {row["figure"]: row["trellis"] for row in found}.get(FAST)
    most |= {name: min(most.get(name, 0), TIMES * fast) for name in GENERAL if fast is not None}
    return [{"figure": row["figure"], "of": "trellis", "value": row["trellis"],
             "limit": most.get(row["figure"], 0), "must": must, "holds": False}
            for row in found if row["trellis"] > most.get(row["figure"], 0)]


def set_baseline(found, architecture, reason):
    """Writes the baseline from all rows; the reason joins those of before."""
    reasons = [*baseline_of(architecture)["reasons"], reason]
    lines = [f'{name} = "{value}"' for name, value in setting(architecture).items()]
    lines += ["reasons = [", *(f"    {_quoted(each)}," for each in reasons), "]", "", "[instructions]"]
    lines += [f"{row['figure']} = {row['trellis']}" for row in found]
    path = baseline_path(architecture)
    path.parent.mkdir(exist_ok=True)
    path.write_text(_HEAD.format(architecture=architecture) + "\n".join(lines) + "\n")


def _quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _row(match, beside, known):
    name, (least, greatest, batches, rounds) = match[1], map(int, match.groups()[1:])
    row = {"bench": "kernel", "figure": name, "unit": "instructions",
           "trellis": round(least / PARTS),
           "spread": {"trellis": round((greatest - least) / max(least, 1), 4)},
           "batches": batches, "operations": rounds}
    if name in beside:
        row |= {"sel4": beside[name], "of_sel4": round(least / PARTS / beside[name], 3)}
    if name in known:
        row |= {"baseline": known[name]}
    return row
