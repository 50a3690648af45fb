# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What standard input and output cost between the host and a program."""

UNITS = {
    "console_in": "instructions per KiB",
    "console_out": "instructions per KiB",
}
AGAINST_LINUX = False
INPUT_BYTES = 64 << 20


def measure(system):
    """{figure: value} on Trellis."""
    return system.figures_of_program("console", stdin=bytes(INPUT_BYTES))
