# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Native calls on the bare kernel: each program of native/ is judged by its end.

On one CPU time is counted in instructions, so that a busy host changes nothing; several
then take turns in the emulator, of seconds if one computes.
"""

import os

from trellis import architectures, qemu
from trellis.testing.outcome import Skip

PROGRAMS = ("accounts", "affinity", "bad_arguments", "budgets", "clone", "devices", "donation", "exhaustion", "gas", "handles", "ipc", "memory", "pager",
            "personality", "processes", "servers", "streams", "translations",
            "waiting")


def check(guest, program, **machine):
    counting = qemu.EXACT_COUNTING if guest.cpus == 1 else []
    done = guest.native(program, extra=counting, **machine)
    assert done.status == 0, done
    return done.log


def test_fuzz(guest):
    check(guest, "fuzz_calls")


def torture(guest, seed, rounds, operations, **machine):
    return check(guest, "torture", append=f"torture.seed={seed} torture.rounds={rounds} torture.operations={operations}",
                 **machine)


def test_torture(guest):
    torture(guest, seed=1, rounds=3, operations=200)


def test_torture_is_replayed(guest):
    """Where instructions are counted, a seed says what is done and in which order."""
    if guest.cpus > 1:
        raise Skip("in which order several processors do something is theirs")
    first, again, other = (torture(guest, seed=seed, rounds=1, operations=200) for seed in (7, 7, 8))
    assert first == again, first + again
    assert other.replace("seed 8", "seed 7") != first, other


def torture_at_random(guest):
    for seed in range(1000, 1100, 10):
        torture(guest, seed=seed, rounds=10, operations=400, timeout=1800)


def test_little_memory(guest):
    check(guest, "test_memory", memory="64M")


def test_other_machines(guest):
    first, *others = architectures.get(guest.architecture).machines
    if not others:
        raise Skip(f"{first} is the only machine")
    for machine in others:
        check(guest, "test_waiting", machine=machine)


def test_nodes(guest):
    done = guest.native("test_nodes", cpus=2, nodes=2, memory="256M")
    assert done.status == 0, done


def test_shares(guest):
    if guest.cpus > len(os.sched_getaffinity(0)):
        raise Skip("processors of the guest that take turns on the host are not to be shared evenly")
    check(guest, "test_shares")


def wakeups(guest, rounds, **machine):
    if guest.cpus < 2:
        raise Skip("a wait ends on one processor while it begins on another")
    check(guest, "test_wakeups", append=f"wakeups.rounds={rounds}", **machine)


def test_wakeups(guest):
    wakeups(guest, rounds=1000)


def torture_wakeups(guest):
    wakeups(guest, rounds=10000, timeout=1800)


def test_steps(guest):
    if guest.cpus > 1:
        raise Skip("how long others wait is told by counting instructions, on one CPU")
    check(guest, "test_steps")


def _make_tests():
    for name in PROGRAMS:
        def test(guest, name=name):
            check(guest, f"test_{name}")
        globals()[f"test_{name}"] = test


_make_tests()
