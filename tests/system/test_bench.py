# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The benchmarks: every figure is there, limits hold, and a second boot says the same.

These run the build with debug checks, so the limits below are wide: they find what
costs several times what it did.
"""

from trellis import architectures, bench, bench_systems, private_root, profile
from trellis.testing.outcome import Skip

KERNEL_LIMITS = {"null_call": 500, "bounced_call": 150, "call_reply": 2500,
                 "call_reply_4_words": 2500, "call_reply_8_words": 2500}
CALL_LIMITS = {"getppid": 600, "pipe_round_trip": 40_000, "fork_exit_wait": 1_000_000,
               "fork_exec_true": 4_000_000, "map_touch_unmap": 40_000}
CONSOLE_LIMITS = {"console_in": 100_000, "console_out": 1_500_000}
BOOT_LIMIT = 150_000_000
MEMORY_LIMIT_KIB = 32 * 1024
SPREAD_LIMIT = 0.1


def rows(guest, name, repeat=1):
    if guest.cpus > 1:
        raise Skip("instructions are counted on one processor")
    system = bench_systems.Trellis(guest.architecture)
    module = bench.load(name)
    found = bench.rows_of(module, name, [system], repeat)
    if module.UNITS:
        assert {row["figure"] for row in found} == set(module.UNITS), found
    return {row["figure"]: row for row in found}


def check(found, limits):
    for figure, limit in limits.items():
        assert 0 < found[figure]["trellis"] <= limit, found[figure]


def test_kernel(guest):
    if guest.cpus > 1:
        raise Skip("instructions are counted on one processor")
    module = bench.load("kernel")
    system = bench_systems.Trellis(guest.architecture)
    found = {row["figure"]: row for row in module.rows(system, "bench.limit=2000000")}
    assert set(found) == set(module.baseline_of(guest.architecture)["instructions"]), found
    assert set(module.sel4(guest.architecture)) <= set(found)
    assert all(row["trellis"] > 0 and row["batches"] >= 3 for row in found.values()), found
    check(found, KERNEL_LIMITS)


def test_profile(guest):
    """What is traced is what is counted, but for the two functions around it."""
    if guest.cpus > 1:
        raise Skip("instructions are counted on one processor")
    system = bench_systems.Trellis(guest.architecture)
    append = "bench.limit=2000000 bench.row=event_round_trip"
    counted = bench.load("kernel").rows(system, append)[0]["trellis"]
    found = profile.of_row(system, "event_round_trip")
    traced = sum(found.stacks.values()) / found.operations
    assert counted <= traced <= counted * 1.02 + 20, (counted, traced)
    functions = {name for name, _, _ in found.by_function()}
    assert {"call_event_signal", "call_wait_one"} <= functions, functions


def test_linux_calls(guest):
    check(rows(guest, "calls"), CALL_LIMITS)


def test_boot(guest):
    found = rows(guest, "boot", repeat=2)
    check(found, {"boot": BOOT_LIMIT, "memory": MEMORY_LIMIT_KIB})
    assert found["boot"]["spread"]["trellis"] <= SPREAD_LIMIT, found


def test_console(guest):
    check(rows(guest, "console"), CONSOLE_LIMITS)


def test_size(guest):
    assert rows(guest, "size")["lines: in all"]["trellis"] > 0


def test_boot_ratio(guest):
    """Fetches Debian's kernel on the usual architecture; elsewhere `./trellis bench boot --against linux` does."""
    of = architectures.get(guest.architecture)
    package, suite, _ = of.linux
    if guest.architecture != architectures.DEFAULT and not private_root.is_fetched(package, of.debian, suite):
        raise Skip("Debian's kernel was not fetched")
    module = bench.load("boot")
    systems = [system(guest.architecture) for system in (bench_systems.Trellis, bench_systems.Linux)]
    verdicts = bench.verdicts_of(module, bench.rows_of(module, "boot", systems, 1),
                                 guest.architecture)
    assert [verdict for verdict in verdicts if verdict["must"]], verdicts
    assert all(verdict["holds"] for verdict in verdicts if verdict["must"]), verdicts
