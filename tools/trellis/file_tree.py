# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""A tree of files in memory, as a guest's root will hold them.

A path is relative, with no leading slash and no `.` or `..` in it; parents are made
when they are missing. Adding below a symbolic link to a directory adds to that
directory, as copying into a mounted root would.
"""

import dataclasses
import os
import posixpath
import stat

from trellis import errors

LINK_DEPTH = 16


@dataclasses.dataclass
class Entry:
    """One file: `mode` with its type bits; `content` is bytes or a host path to read."""

    mode: int
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    content: object = b""
    device: tuple = (0, 0)

    def data(self):
        """The bytes of a regular file, or the target of a symbolic link."""
        if isinstance(self.content, bytes):
            return self.content
        try:
            with open(self.content, "rb") as file:
                return file.read()
        except OSError as error:
            _cannot_read(error)


class FileTree:
    """Entries by path, in the order in which they were added."""

    def __init__(self, mtime=0):
        self.entries = {}
        self.mtime = mtime

    def add_directory(self, path, mode=0o755, uid=0, gid=0):
        """Adds a directory, or changes the mode and owner of one that is there."""
        self.add(path, Entry(stat.S_IFDIR | mode, uid, gid, self.mtime))

    def add_file(self, path, content, mode=0o644):
        """Adds a regular file owned by root: bytes, or a host path."""
        self.add(path, Entry(stat.S_IFREG | mode, 0, 0, self.mtime, content))

    def add_link(self, path, target):
        """Adds a symbolic link."""
        self.add(path, Entry(stat.S_IFLNK | 0o777, 0, 0, self.mtime, os.fsencode(target)))

    def add_device(self, path, major, minor, mode=0o666):
        """Adds a character device node."""
        self.add(path, Entry(stat.S_IFCHR | mode, 0, 0, self.mtime, b"", (major, minor)))

    def add(self, path, entry):
        """Adds or replaces an entry.

        A directory over a link to a directory leaves both as they are. Anything else
        over a directory removes what the directory held.
        """
        place = self._resolve_parent(path)
        old = self.entries.get(place)
        if old is not None and stat.S_ISDIR(entry.mode):
            target = self._follow(place, 0)
            if target is not None and stat.S_ISDIR(self.entries[target].mode):
                if target == place:
                    self.entries[place] = entry
                return
        if old is not None and stat.S_ISDIR(old.mode):
            inside = place + "/"
            self.entries = {k: v for k, v in self.entries.items() if not k.startswith(inside)}
        self.entries[place] = entry

    def overlay(self, directory):
        """Lays a host directory over the tree; modes, times and symbolic links are kept.

        What belongs to the caller belongs to root in the guest; other owners keep
        their numbers. A directory that the tree has already keeps its mode and owner,
        so that a plain tmp/ or home/user/ stays what it was. Sockets are left out.
        """
        if not os.path.isdir(directory):
            raise errors.Failure(f"--root {directory}: no such directory")
        for folder, folders, files in os.walk(directory, onerror=_cannot_read):
            folders.sort()
            below = os.path.relpath(folder, directory)
            for name in sorted(folders + files):
                path = posixpath.normpath(posixpath.join(below, name))
                entry = _entry_of(os.path.join(folder, name))
                if entry is not None and not (stat.S_ISDIR(entry.mode) and self.has_directory(path)):
                    self.add(path, entry)

    def has_directory(self, path):
        """Whether `path` is a directory, itself or by symbolic links."""
        place = self._follow(self._resolve_parent(path), 0)
        return place is not None and stat.S_ISDIR(self.entries[place].mode)

    def _resolve_parent(self, path):
        parent, name = posixpath.split(path)
        if not parent:
            return name
        place = self._follow(self._resolve_parent(parent), 0)
        if place is None:
            place = self._resolve_parent(parent)
            self.entries[place] = Entry(stat.S_IFDIR | 0o755, 0, 0, self.mtime)
        elif not stat.S_ISDIR(self.entries[place].mode):
            raise errors.Failure(f"/{path}: /{place} is not a directory")
        return f"{place}/{name}" if place else name

    def _follow(self, place, depth):
        """Where `place` leads after symbolic links, or None if it leads nowhere."""
        entry = self.entries.get(place)
        if entry is None or not stat.S_ISLNK(entry.mode):
            return place if entry is not None else None
        if depth == LINK_DEPTH:
            raise errors.Failure(f"/{place}: too many symbolic links")
        target = posixpath.join("/" + posixpath.dirname(place), os.fsdecode(entry.data()))
        inside = posixpath.normpath(target).lstrip("/")
        return self._follow(self._resolve_parent(inside), depth + 1) if inside else None


def _cannot_read(error):
    raise errors.Failure(f"{error.filename}: {error.strerror}; what is laid over the root must be readable") from error


def _entry_of(path):
    status = os.lstat(path)
    uid = 0 if status.st_uid == os.geteuid() else status.st_uid
    gid = 0 if status.st_gid == os.getegid() else status.st_gid
    entry = Entry(status.st_mode, uid, gid, int(status.st_mtime))
    if stat.S_ISREG(status.st_mode):
        entry.content = path
    elif stat.S_ISLNK(status.st_mode):
        entry.content = os.fsencode(os.readlink(path))
    elif stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        entry.device = (os.major(status.st_rdev), os.minor(status.st_rdev))
    elif stat.S_ISSOCK(status.st_mode):
        return None
    return entry
