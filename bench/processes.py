# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What one more process costs to create, up to 10,000 at once, and to end: flat, or where it bends."""

STAGES = (10, 100, 1000, 2000, 5000, 10000)
UNITS = {**{f"create_to_{count}": "instructions" for count in STAGES}, "end_10000": "instructions"}
AGAINST_LINUX = True


def measure(system):
    """{figure: value} on one system."""
    return system.figures_of_program("processes", memory="4G")
