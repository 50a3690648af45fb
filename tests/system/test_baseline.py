# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The kernel costs no more than bench/baselines/ says, in the build without debug checks."""

import subprocess

from trellis import paths
from trellis.testing.outcome import Skip


def test_kernel(guest):
    if guest.cpus > 1:
        raise Skip("instructions are counted on one processor")
    done = subprocess.run(
        [paths.TREE / "trellis", "bench", "kernel", "--arch", guest.architecture],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
