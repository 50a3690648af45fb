# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What Linux calls cost a static program: getppid, pipes, fork, exec, mmap."""

UNITS = {
    "getppid": "instructions",
    "pipe_round_trip": "instructions",
    "fork_exit_wait": "instructions",
    "fork_exec_true": "instructions",
    "map_touch_unmap": "instructions",
}
AGAINST_LINUX = True


def measure(system):
    """{figure: value} on one system."""
    return system.figures_of_program("calls")
