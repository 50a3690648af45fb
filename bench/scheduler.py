# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The kernel's scheduler against its rivals: kernel/core/share.c on the host.

docs/scheduler.md says what is measured. Runs when it is named. Instructions are
counted by callgrind, in a build without sanitizers, as the difference of a long run and a
short one.
"""

import importlib.util
import json
import re
import subprocess

from trellis import command, paths, progress

SOURCES = paths.TREE / "bench" / "scheduler"
KERNEL = paths.TREE / "kernel"
OUTPUT = paths.BUILD / "bench" / "scheduler"
PROGRAM = OUTPUT / "scheduler"
POLICIES = ("golden", "EEVDF", "stride", "start-time", "round robin", "lottery", "weyl")
WORKLOADS = (("fixed", "equal"), ("fixed", "skewed"), ("fixed", "heavy"),
             ("random", "equal"), ("random", "skewed"), ("random", "heavy"),
             ("bursty", "equal"), ("bursty", "skewed"), ("bursty", "heavy"),
             ("forks", "equal"), ("forks", "skewed"), ("forks", "heavy"))
SIZES = (2, 10, 100, 1000, 10000)
DECIDED = (1, 2, 10, 100, 1000, 10000)
FEW, MANY = 1000, 11000
MEASURES = {
    "lag": "greatest lag, turns",
    "mean_lag": "mean lag, turns",
    "latency": "mean time from waking to running, turns",
    "wait": "longest time from waking to running, in turns due in that time",
    "gap": "longest time between two turns, in turns due in that time",
}


def compile_program():
    """Builds it, with the kernel's own module."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    sources = sorted(SOURCES.glob("*.c")) + [KERNEL / "core" / "share.c", KERNEL / "core" / "heap.c"]
    command.run_logged(["clang", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror",
                        "-I", KERNEL / "include", "-I", paths.TREE / "abi" / "include",
                        "-I", paths.TREE / "lib" / "list" / "include", *sources, "-o", PROGRAM],
                       "bench-scheduler", "The scheduler's benchmark does not compile")


def outcomes():
    """[{policy, behaviour, weights, tasks, measures ...}] of all runs."""
    rows = [json.loads(line) for line in command.output_of([PROGRAM]).splitlines()]
    for row in rows:
        row["lag"] = max(row["ahead"], row["behind"])
    return rows


def instructions_of(policy, tasks, decisions):
    """What a run of the program costs in all."""
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                           PROGRAM, "decide", policy, str(tasks), str(decisions)],
                          capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def costs():
    """{policy: [instructions of a decision for each of DECIDED]}."""
    return {policy: [round((instructions_of(policy, tasks, MANY) - instructions_of(policy, tasks, FEW))
                           / (MANY - FEW)) for tasks in DECIDED]
            for policy in POLICIES}


def report(as_json):
    """Runs everything, prints it and writes the plots; 0."""
    compile_program()
    with progress.Step("running the scheduler's workloads"):
        rows = outcomes()
    with progress.Step("counting instructions of the scheduler"):
        cost = costs()
    drawn = _draw(rows, cost)
    if as_json:
        print(json.dumps({"outcomes": rows, "instructions": {"tasks": DECIDED, **cost}}, indent=2))
        return 0
    for measure, title in MEASURES.items():
        _print(title, [(f"{behaviour:7}{weights:7}{tasks:6}",
                        [_find(rows, policy, behaviour, weights, tasks)[measure] for policy in POLICIES])
                       for behaviour, weights in WORKLOADS for tasks in SIZES])
    _print("instructions per decision", [(f"{tasks:20}", [cost[policy][at] for policy in POLICIES])
                                         for at, tasks in enumerate(DECIDED)])
    print("plots: " + ", ".join(str(path.relative_to(paths.TREE)) for path in drawn))
    return 0


def _find(rows, policy, behaviour, weights, tasks):
    wanted = {"policy": policy, "behaviour": behaviour, "weights": weights, "tasks": tasks}
    return next(row for row in rows if all(row[name] == value for name, value in wanted.items()))


def _print(title, lines):
    print(title)
    print(" " * 20 + "".join(f"{policy:>12}" for policy in POLICIES))
    for label, values in lines:
        print(label + "".join(f"{value:12.2f}" if isinstance(value, float) else f"{value:12}"
                              for value in values))
    print()


def _plotter():
    specification = importlib.util.spec_from_file_location("plot", SOURCES / "plot.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _draw(rows, cost):
    """One SVG for each measure of some workloads, one for the instructions; their paths."""
    plot, drawn = _plotter(), []
    for behaviour, weights in (("fixed", "skewed"), ("random", "skewed"), ("bursty", "heavy"),
                               ("forks", "heavy")):
        for measure in ("lag", "latency", "gap"):
            lines = {policy: [(tasks, _find(rows, policy, behaviour, weights, tasks)[measure])
                              for tasks in SIZES] for policy in POLICIES}
            drawn.append(OUTPUT / f"{measure}-{behaviour}-{weights}.svg")
            drawn[-1].write_text(plot.chart(f"{MEASURES[measure]}: {behaviour}, {weights} weights",
                                            "tasks", lines))
    lines = {policy: list(zip(DECIDED, cost[policy])) for policy in POLICIES}
    drawn.append(OUTPUT / "instructions.svg")
    drawn[-1].write_text(plot.chart("instructions per decision", "tasks", lines))
    return drawn
