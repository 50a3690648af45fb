# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Many processes at once, and nothing left of them."""

import pathlib
import tempfile

PROGRAMS = pathlib.Path(__file__).resolve().parents[2] / "bench" / "programs"


def test_ten_thousand_processes(guest):
    count = "set -- /proc/[0-9]*; echo $#"
    script = f"before=$({count}); /bin/processes || exit; after=$({count}); echo left: $((after - before))"
    with tempfile.TemporaryDirectory() as root:
        program = pathlib.Path(root, "bin", "processes")
        program.parent.mkdir()
        guest.compile(PROGRAMS / "processes.c", program, f"-I{PROGRAMS}/arch/{guest.architecture}")
        done = guest.run(["sh", "-c", script], root=root, memory="4G", timeout=900)
    figures = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("bench: ")]
    assert (done.status, figures[-2:]) == (0, ["create_to_10000", "end_10000"]), done
    assert done.stdout.splitlines()[-1] == "left: 0", done
