# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Lines of the kernel, part by part, and bytes of its image, with their limits."""

from trellis import bench_systems

UNITS = {}
AGAINST_LINUX = False
LIMITS = bench_systems.Trellis.size_limits()


def measure(system):
    """{figure: value}; the limits are held by `./trellis lint` too."""
    return system.sizes()
