# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis bench`: the figures of bench/*.py, and the same on Debian's kernel.

One that has `report` runs on the host, and only when it is named.

A figure is the median of several boots; its spread is what lies between the least
and the greatest, as a part of the median. Limits that a benchmark declares are
judged here.
"""

import importlib.util
import json
import statistics

from trellis import architectures, bench_systems, build, command, errors, host_packages
from trellis import paths, profile, progress, qemu

SYSTEMS = {"trellis": bench_systems.Trellis, "linux": bench_systems.Linux}


def add_arguments(parser):
    """Options of `bench`."""
    parser.add_argument("name", nargs="*", help=f"some of: {', '.join(declared())}")
    architectures.add_option(parser)
    parser.add_argument("--against", choices=["linux"], help="the same work on Debian's kernel")
    parser.add_argument("--only", choices=list(SYSTEMS), help="measure this system alone")
    parser.add_argument("--repeat", type=int, default=3, help="boots per benchmark (default: 3)")
    build.add_option(parser)
    parser.add_argument("--profile", metavar="ROW",
                        help="where the instructions of a row of `bench kernel` go, and a flame graph")
    parser.add_argument("--set-baseline", metavar="REASON",
                        help="of `bench kernel`: what was measured is what later runs are held to")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def declared():
    """{name: path} of the benchmarks."""
    return {path.stem: path for path in sorted((paths.TREE / "bench").glob("*.py"))}


def main(options):
    """Measures and prints; 0, 1 where a limit does not hold, or Failure."""
    architectures.get(options.arch)
    host_packages.ensure("bench", options.arch)
    if options.repeat < 1:
        raise errors.Failure("--repeat: at least 1")
    for name in options.name:
        if name not in declared():
            raise errors.Failure(f"bench {name}: there is {', '.join(declared())}")
    modules = {name: load(name) for name in options.name or declared()}
    on_host = [name for name in modules if hasattr(modules[name], "report")]
    status = sum(modules[name].report(options.json) for name in on_host if options.name)
    for name in on_host:
        del modules[name]
    return _measure(options, modules) if modules else status


def _measure(options, modules):
    """What is measured in guests."""
    build.select(options)
    if options.profile:
        build.build_guest(options.arch)
        profile.report(bench_systems.Trellis(options.arch), options.profile)
        return 0
    systems = _systems(options)
    if "trellis" in systems:
        build.build_guest(options.arch)
    rows, verdicts = [], []
    for name, module in modules.items():
        found = rows_of(module, name, [SYSTEMS[system](options.arch) for system in systems],
                        options.repeat)
        rows += found
        if options.set_baseline and hasattr(module, "set_baseline"):
            module.set_baseline(found, options.arch, options.set_baseline)
        verdicts += verdicts_of(module, found, options.arch)
    _report(options, systems, rows, verdicts)
    return 0 if all(verdict["holds"] for verdict in verdicts if verdict["must"]) else 1


def load(name):
    """The module of a benchmark."""
    specification = importlib.util.spec_from_file_location(f"bench_{name}", declared()[name])
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def rows_of(module, name, systems, repeat):
    """Rows {bench, figure, unit, spread, trellis, linux, ratio} of one benchmark.

    One that counts batches within a boot makes its rows itself, by `rows(system)`.
    """
    if hasattr(module, "rows"):
        return [row for system in systems if system.name == "trellis"
                for row in _counted(module, name, system)]
    values = {}
    for system in systems:
        if system.name == "trellis" or module.AGAINST_LINUX:
            with progress.Step(f"measuring {name} on {system.name}"):
                values[system.name] = [module.measure(system) for _ in range(repeat)]
    figures = dict.fromkeys(figure for boots in values.values() for figure in boots[0])
    return [_row(module, name, figure, values) for figure in figures]


def verdicts_of(module, rows, architecture):
    """[{figure, value, limit, must, holds}] of a benchmark's limits, where they can be told.

    One that counts batches tells them itself, by `verdicts(rows, architecture)`.
    """
    if hasattr(module, "verdicts"):
        return module.verdicts(rows, architecture)
    judged = [("trellis", getattr(module, "LIMITS", {}), True),
              ("ratio", getattr(module, "RATIO_LIMITS", {}), True),
              ("ratio", getattr(module, "RATIO_AIMS", {}), False)]
    return [{"figure": row["figure"], "of": of, "value": row[of], "limit": limits[row["figure"]],
             "must": must, "holds": row[of] <= limits[row["figure"]]}
            for of, limits, must in judged
            for row in rows if row["figure"] in limits and of in row]


def _systems(options):
    if options.only:
        return [options.only]
    return ["trellis", "linux"] if options.against else ["trellis"]


def _counted(module, name, system):
    with progress.Step(f"measuring {name} on {system.name}"):
        return module.rows(system)


def _row(module, name, figure, values):
    row = {"bench": name, "figure": figure, "unit": module.UNITS.get(figure, ""), "spread": {}}
    for system, boots in values.items():
        measured = [boot[figure] for boot in boots if figure in boot]
        if measured:
            middle = statistics.median_low(measured)
            row[system] = middle
            row["spread"][system] = round((max(measured) - min(measured)) / max(middle, 1), 4)
    if row.get("trellis") and row.get("linux"):
        row["ratio"] = round(row["trellis"] / row["linux"], 3)
    return row


def _report(options, systems, rows, verdicts):
    kind = "with debug checks" if options.debug_checks else "release, without debug checks"
    cpu = architectures.get(options.arch).accelerators["tcg"]
    setting = {"emulator": f"QEMU TCG, -cpu {cpu}, {' '.join(qemu.EXACT_COUNTING)}",
               "build": f"{paths.build_directory(options.arch).name}: {kind}",
               "compiler": command.output_of(["clang", "--version"]).splitlines()[0]}
    if any("batches" not in row for row in rows):
        setting["boots"] = options.repeat
    if options.json:
        print(json.dumps({**setting, "figures": rows, "limits": verdicts}, indent=2))
        return
    for name, value in setting.items():
        print(f"{name}: {value}")
    _print([row for row in rows if "batches" not in row], systems)
    _print_counted([row for row in rows if "batches" in row])
    for verdict in verdicts:
        _print_verdict(verdict)


def _print(rows, systems):
    if not rows:
        return
    width = max([len(row["figure"]) for row in rows], default=0)
    heading = "".join(f"{system:>14}  spread" for system in systems)
    print(f"{'':{width}}{heading}" + ("   ratio" if len(systems) > 1 else ""))
    for row in rows:
        cells = "".join(_cell(row, system) for system in systems)
        ratio = f"{row['ratio']:8.3f}" if "ratio" in row else " " * (8 * (len(systems) > 1))
        print(f"{row['figure']:{width}}{cells}{ratio}  {row['unit']}".rstrip())


def _print_counted(rows):
    """Rows of batches within one boot: the least, the spread, and seL4's figure."""
    if not rows:
        return
    width = max(len(row["figure"]) for row in rows)
    print(f"{'':{width}}{'least':>14}  spread{'batches':>14}{'baseline':>10}{'seL4':>10}   ratio")
    for row in rows:
        batches = f"{row['batches']} x {row['operations']}"
        beside = f"{row['sel4']:>10}{row['of_sel4']:8.3f}" if "sel4" in row else f"{'-':>10}{'':8}"
        print(f"{row['figure']:{width}}{_cell(row, 'trellis')}{batches:>14}{row.get('baseline', '-'):>10}{beside}"
              f"  {row['unit']}")


def _cell(row, system):
    if system not in row:
        return f"{'-':>14}{'':8}"
    return f"{row[system]:>14}{row['spread'][system]:>8.2%}"


def _print_verdict(verdict):
    kind = "limit" if verdict["must"] else "aim"
    what = " (ratio to Linux)" if verdict["of"] == "ratio" else ""
    print(f"{verdict['figure']}{what}: {verdict['value']}, {kind} {verdict['limit']}: "
          f"{'holds' if verdict['holds'] else 'DOES NOT HOLD'}")
