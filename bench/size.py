# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Lines of the kernel, part by part, and bytes of its image, with their limits."""

UNITS = {}
AGAINST_LINUX = False


def measure(system):
    """{figure: value}; the limits are held by `./trellis lint`."""
    return system.sizes()
