# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What native calls cost: a null call, and call and reply between two processes.

The figures come from tests/system/native/bench_calls.c, which prints
`bench: NAME VALUE`.
"""

UNITS = {"null_call": "instructions", "call_reply": "instructions"}
AGAINST_LINUX = False


def measure(system):
    """{figure: value} on Trellis."""
    return system.figures_of_native("bench_calls")
