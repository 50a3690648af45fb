# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""A new user's first minutes on a bare Debian 12: nothing is installed, not even python3.

`./trellis test bare` makes such a system in a folder, puts the tree there, and types the
README's two commands inside. It needs root, for chroot, and takes what it installs from
the mirror that the host's apt sources name.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from trellis import host_packages, paths, private_root, progress
from trellis.testing.outcome import Skip

SUITE = "bookworm"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
# A process, mount and proc file system of its own: nothing of it outlives the command.
ENTER = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
# On a machine that has nothing else to do; where it has, as much longer as its load says.
FIRST_RUN_S = 300
LATER_RUN_S = 30
HANGS_S = 3600
TESTS = ("lint", "unit", "tools", "model", "system/front_door", "system/debian_programs", "system/documents")


def make_root(root):
    """Debian's smallest system, with the host's way to reach the mirror."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with progress.Step("making a bare Debian"):
        done = subprocess.run(["debootstrap", "--variant=minbase", SUITE, root, private_root.user_mirror()],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=environment, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    (root / "etc/apt/apt.conf.d/90transport").write_text(private_root.transport_settings())
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    for absent in ("python3", "git", "clang", "qemu-system-x86_64", "sudo"):
        assert not (root / "usr/bin" / absent).exists(), absent


def put_tree(place):
    """What a clone has, with changes that are not committed yet."""
    listing = subprocess.check_output(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                      cwd=paths.TREE, text=True)
    for name in (name for name in listing.split("\0") if name and (paths.TREE / name).exists()):
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(paths.TREE / name, target, follow_symlinks=False)


def type_there(root, command, limit_s):
    """Types a line in the tree inside: (status, stdout, stderr, seconds)."""
    inside = f"mount -t proc proc /proc && mount -t devpts devpts /dev/pts && cd /trellis && {command}"
    started = time.monotonic()
    done = subprocess.run([*ENTER, "chroot", root, "sh", "-c", inside], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", env=ENVIRONMENT, timeout=limit_s, check=False)
    return done.returncode, done.stdout, done.stderr, time.monotonic() - started


def slowness():
    """How many times longer things take here for what else runs; 1 or more."""
    return max(1.0, os.getloadavg()[1] / os.cpu_count())


def bare_first_minutes(guest):
    if os.geteuid() != 0:
        raise Skip("needs root, for chroot")
    host_packages.ensure("bare", guest.architecture)
    paths.cache_directory().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bare-", dir=paths.cache_directory()) as directory:
        root = pathlib.Path(directory, "root")
        make_root(root)
        put_tree(root / "trellis")
        for what, limit_s in (("first", FIRST_RUN_S), ("second", LATER_RUN_S)):
            status, output, errors, seconds = type_there(root, "./trellis run -- sh -c 'echo hi; exit 7'", HANGS_S)
            progress.say(f"the {what} ./trellis run took {seconds:.1f} s, slowed down {slowness():.1f} times")
            assert (status, output) == (7, "hi\n"), errors
            assert seconds < limit_s * slowness(), (what, seconds, errors)
        status, output, errors, seconds = type_there(root, f"./trellis test {' '.join(TESTS)}", HANGS_S)
        progress.say(f"./trellis test {' '.join(TESTS)} took {seconds:.0f} s: {output.splitlines()[-1:]}")
        assert status == 0 and " passed, 0 failed" in output.splitlines()[-1], output[-4000:] + errors[-1000:]
