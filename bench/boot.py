# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""From power-on to the first command of a shell, and the memory in use there."""

UNITS = {
    "boot": "steps: instructions, and nanoseconds of idleness",
    "boot_idle": "milliseconds of it idle, as the system itself counts",
    "memory": "KiB in use",
}
AGAINST_LINUX = True
RATIO_LIMITS = {"boot": 0.5}
RATIO_AIMS = {"boot": 0.2}


def measure(system):
    """{figure: value} on one system."""
    return system.figures_of_program("boot")
