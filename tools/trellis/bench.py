# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis bench`: the figures of bench/*.py, and the same on Debian's kernel."""

import importlib.util
import json

from trellis import bench_systems, build, errors, host_packages, paths, progress

SYSTEMS = {"trellis": bench_systems.Trellis, "linux": bench_systems.Linux}


def add_arguments(parser):
    """Options of `bench`."""
    parser.add_argument("name", nargs="*", help=f"some of: {', '.join(declared())}")
    parser.add_argument("--arch", default="x86_64", help="x86_64 (the others are not there yet)")
    parser.add_argument("--against", choices=["linux"], help="the same work on Debian's kernel")
    parser.add_argument("--only", choices=list(SYSTEMS), help="measure this system alone")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def declared():
    """{name: path} of the benchmarks."""
    return {path.stem: path for path in sorted((paths.TREE / "bench").glob("*.py"))}


def main(options):
    """Measures and prints; 0, or Failure."""
    host_packages.ensure("bench")
    build.check_architecture(options.arch)
    systems = _systems(options)
    if "trellis" in systems:
        build.build_guest(options.arch)
    rows = []
    for name in options.name or declared():
        if name not in declared():
            raise errors.Failure(f"bench {name}: there is {', '.join(declared())}")
        rows += _measure(_load(name), name, [SYSTEMS[system](options.arch) for system in systems])
    if options.json:
        print(json.dumps({"emulator": "QEMU TCG, -cpu max, -icount shift=0,sleep=off",
                          "figures": rows}, indent=2))
    else:
        _print(rows, systems)
    return 0


def _systems(options):
    if options.only:
        return [options.only]
    return ["trellis", "linux"] if options.against else ["trellis"]


def _load(name):
    specification = importlib.util.spec_from_file_location(f"bench_{name}", declared()[name])
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _measure(module, name, systems):
    """Rows {bench, figure, unit, trellis, linux, ratio} of one benchmark."""
    values = {}
    for system in systems:
        if system.name == "trellis" or module.AGAINST_LINUX:
            with progress.Step(f"measuring {name} on {system.name}"):
                values[system.name] = module.measure(system)
    figures = dict.fromkeys(figure for found in values.values() for figure in found)
    rows = []
    for figure in figures:
        row = {"bench": name, "figure": figure, "unit": module.UNITS.get(figure, "")}
        row |= {system: found.get(figure) for system, found in values.items()}
        if row.get("trellis") and row.get("linux"):
            row["ratio"] = round(row["trellis"] / row["linux"], 3)
        rows.append(row)
    return rows


def _print(rows, systems):
    print("QEMU TCG, -cpu max, -icount shift=0,sleep=off")
    width = max([len(row["figure"]) for row in rows], default=0)
    heading = "".join(f"{system:>16}" for system in systems)
    print(f"{'':{width}}{heading}" + ("   ratio" if len(systems) > 1 else ""))
    for row in rows:
        cells = "".join(f"{row.get(system) if row.get(system) is not None else '-':>16}"
                        for system in systems)
        ratio = f"{row['ratio']:8.3f}" if "ratio" in row else ""
        print(f"{row['figure']:{width}}{cells}{ratio}  {row['unit']}")
