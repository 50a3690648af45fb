# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Programs nobody here compiled: Debian's busybox, and what stock gcc makes.

The host's Linux is the oracle: the same file gives the same output there.
"""

import os
import pathlib
import subprocess
import tempfile

from trellis import root_files

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "posix"
PROGRAMS = ("threads", "signals", "processes", "memory", "files", "events", "names", "sockets", "terminals")
COMPILERS = {"glibc": "gcc", "musl": "musl-gcc"}


def expected_output(script):
    """(output, status) of a script run by the same busybox on the host, in an empty directory."""
    busybox = root_files.busybox_path("x86_64")
    with tempfile.TemporaryDirectory() as place:
        applets = pathlib.Path(place, "applets")
        applets.mkdir()
        for name in subprocess.check_output([busybox, "--list"], text=True).split():
            (applets / name).symlink_to(busybox)
        work = pathlib.Path(place, "work")
        work.mkdir()
        done = subprocess.run([applets / "sh", script], cwd=work, env={"PATH": str(applets), "HOME": "/root"},
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=120, check=False)
        return done.stdout, done.returncode


def same_on_both(guest, name):
    expected, status = expected_output(SOURCES / name)
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(f"{root}/tests")
        pathlib.Path(root, "tests", name).write_bytes((SOURCES / name).read_bytes())
        done = guest.run(["sh", "-c", f"mkdir /tmp/work && cd /tmp/work && exec sh /tests/{name}"],
                         root=root, env={"PATH": "/bin:/sbin:/usr/bin:/usr/sbin"})
    assert done.stdout.splitlines() == expected.splitlines(), done
    assert done.status == status, done


def test_shell_script(guest):
    same_on_both(guest, "shell.sh")


def test_applets(guest):
    same_on_both(guest, "applets.sh")


def checked_program(guest, name, library):
    with tempfile.TemporaryDirectory() as root:
        program = pathlib.Path(root, "bin", name)
        program.parent.mkdir()
        subprocess.run([COMPILERS[library], "-O2", "-static", "-pthread", "-o", program, SOURCES / f"{name}.c"],
                       check=True)
        subprocess.run([program], check=True, timeout=60)
        done = guest.run([f"/bin/{name}"], root=root)
    assert (done.status, done.stderr) == (0, ""), done


def _make_tests():
    for library in COMPILERS:
        for name in PROGRAMS:
            def test(guest, name=name, library=library):
                checked_program(guest, name, library)
            globals()[f"test_{name}_{library}"] = test


_make_tests()
