# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The guest's default root file system: busybox from Debian, /etc, /dev, the usual places.

Merged /usr, as on Debian: /bin, /sbin, /lib and /lib64 lead into /usr.
"""

import pathlib

from trellis import architectures, command, paths, private_root
from trellis.file_tree import FileTree

ETC = paths.TREE / "tools" / "root" / "etc"
PRIVATE_FILES = {"shadow": 0o640}

DIRECTORIES = [
    ("boot", 0o755), ("dev", 0o755), ("dev/pts", 0o755), ("dev/shm", 0o1777), ("etc", 0o755),
    ("home", 0o755), ("media", 0o755), ("mnt", 0o755), ("opt", 0o755), ("proc", 0o555),
    ("root", 0o700), ("run", 0o755), ("srv", 0o755), ("sys", 0o555), ("tmp", 0o1777), ("usr", 0o755),
    ("usr/bin", 0o755), ("usr/lib", 0o755), ("usr/lib64", 0o755), ("usr/local", 0o755),
    ("usr/local/bin", 0o755), ("usr/sbin", 0o755), ("usr/share", 0o755), ("var", 0o755),
    ("var/cache", 0o755), ("var/lib", 0o755), ("var/log", 0o755), ("var/spool", 0o755),
    ("var/tmp", 0o1777),
]
LINKS = [
    ("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib"), ("lib64", "usr/lib64"),
    ("dev/fd", "/proc/self/fd"), ("dev/stdin", "/proc/self/fd/0"),
    ("dev/stdout", "/proc/self/fd/1"), ("dev/stderr", "/proc/self/fd/2"),
    ("etc/mtab", "/proc/self/mounts"), ("var/run", "/run"), ("var/lock", "/run/lock"),
]
DEVICES = [
    ("null", 1, 3, 0o666), ("zero", 1, 5, 0o666), ("full", 1, 7, 0o666),
    ("random", 1, 8, 0o666), ("urandom", 1, 9, 0o666), ("tty", 5, 0, 0o666),
    ("console", 5, 1, 0o600), ("ptmx", 5, 2, 0o666),
]
USER_ID = 1000


def busybox_path(architecture):
    """Debian trixie's static busybox, unpacked in the cache."""
    return _busybox_of(architectures.get(architecture).debian)


def host_busybox():
    """The same busybox for the host."""
    return _busybox_of(command.output_of(["dpkg", "--print-architecture"]).strip())


def _busybox_of(debian_architecture):
    package = private_root.unpacked("busybox-static", debian_architecture)
    return package / "usr" / "bin" / "busybox"


def default_root(architecture):
    """The default root file system as a FileTree."""
    busybox = busybox_path(architecture)
    tree = FileTree(mtime=int(busybox.stat().st_mtime))
    for path, mode in DIRECTORIES:
        tree.add_directory(path, mode)
    for path, target in LINKS:
        tree.add_link(path, target)
    tree.add_directory("run/lock", 0o1777)
    tree.add_directory("home/user", 0o755, USER_ID, USER_ID)
    for name, major, minor, mode in DEVICES:
        tree.add_device(f"dev/{name}", major, minor, mode)
    for file in sorted(pathlib.Path(ETC).iterdir()):
        tree.add_file(f"etc/{file.name}", file, PRIVATE_FILES.get(file.name, 0o644))
    tree.add_file("bin/busybox", busybox, 0o755)
    for applet in _applets(busybox):
        tree.add_link(applet, "/bin/busybox")
    return tree


def _applets(busybox):
    """Places of the applets' links: those `busybox --install -s` would make.

    The host's own busybox of the same package tells the places; which applets this one
    has, the names in its data.
    """
    own = host_busybox()
    names = busybox.read_bytes()
    return [place for place in command.output_of([own, "--list-full"]).split()
            if "/" in place and place != "bin/busybox"
            and b"\0%s\0" % place.rpartition("/")[2].encode() in names]
