# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The front door with the stand-in emulator, for tests that need it as a process."""

import contextlib
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))

from trellis import cli, qemu, run  # noqa: E402


@contextlib.contextmanager
def no_archive(_options):
    """Stands for run.archive_of."""
    yield "/dev/null"


def main():
    """`fake_trellis.py run ...` behaves as `./trellis run ...`."""
    fake = HERE / "fake_qemu.py"
    qemu.Machine.command_line = lambda machine, *fds, whole=qemu.Machine.command_line: [
        sys.executable, "-B", str(fake), *whole(machine, *fds)[1:]]
    run.prepare = lambda options: None
    run.archive_of = no_archive
    os.environ.setdefault("TERM", "vt100")
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
