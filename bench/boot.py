# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""From power-on to the first command of a shell, and the memory in use there."""

UNITS = {"boot": "instructions", "memory": "KiB in use"}
AGAINST_LINUX = True


def measure(system):
    """{figure: value} on one system."""
    return system.figures_of_program("boot")
