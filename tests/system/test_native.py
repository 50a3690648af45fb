# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Native calls on the bare kernel: each program of native/ is judged by its end.

Time is counted in instructions, so that a busy host changes nothing.
"""

from trellis import architectures, qemu
from trellis.testing.outcome import Skip

PROGRAMS = ("accounts", "bad_arguments", "donation", "handles", "ipc", "memory", "pager",
            "personality", "processes", "servers", "steps", "streams", "waiting")


def check(guest, program, **machine):
    done = guest.native(program, extra=qemu.EXACT_COUNTING, **machine)
    assert done.status == 0, done


def test_fuzz(guest):
    check(guest, "fuzz_calls")


def test_little_memory(guest):
    check(guest, "test_memory", memory="64M")


def test_other_machines(guest):
    first, *others = architectures.get(guest.architecture).machines
    if not others:
        raise Skip(f"{first} is the only machine")
    for machine in others:
        check(guest, "test_waiting", machine=machine)


def _make_tests():
    for name in PROGRAMS:
        def test(guest, name=name):
            check(guest, f"test_{name}")
        globals()[f"test_{name}"] = test


_make_tests()
