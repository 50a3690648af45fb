# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Trees of files and the archives made of them."""

import io
import os
import stat
import subprocess

import pytest

from trellis import cpio, errors
from trellis.file_tree import FileTree


def small_tree():
    """A merged-/usr root in little."""
    tree = FileTree(mtime=1000)
    tree.add_directory("usr/bin")
    tree.add_link("bin", "usr/bin")
    tree.add_directory("tmp", 0o1777)
    tree.add_device("dev/null", 1, 3)
    tree.add_file("etc/passwd", b"root\n")
    return tree


def archive_of(tree):
    output = io.BytesIO()
    cpio.write(tree, output)
    return output.getvalue()


def test_cpio_reads_it():
    listing = subprocess.run(["cpio", "-tv"], input=archive_of(small_tree()), check=True,
                             capture_output=True).stdout.decode().splitlines()
    names = [line.split()[-1] for line in listing]
    assert names == ["usr", "usr/bin", "usr/bin", "tmp", "dev", "dev/null", "etc", "etc/passwd"]
    assert listing[3].startswith("drwxrwxrwt") and listing[5].startswith("crw-rw-rw-")
    assert "1,   3" in listing[5]


def test_the_same_tree_gives_the_same_bytes():
    assert archive_of(small_tree()) == archive_of(small_tree())
    assert len(archive_of(small_tree())) % 4 == 0


def test_adding_goes_through_links_to_directories():
    tree = small_tree()
    tree.add_file("bin/busybox", b"x", 0o755)
    assert "usr/bin/busybox" in tree.entries and "bin/busybox" not in tree.entries


def test_overlay(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "etc").mkdir()
    (tmp_path / "bin" / "mine").write_bytes(b"program")
    os.chmod(tmp_path / "bin" / "mine", 0o4755)
    (tmp_path / "etc" / "passwd").write_bytes(b"other")
    os.symlink("mine", tmp_path / "bin" / "again")
    tree = small_tree()
    tree.overlay(tmp_path)
    mine = tree.entries["usr/bin/mine"]
    assert stat.S_IMODE(mine.mode) == 0o4755 and (mine.uid, mine.gid) == (0, 0)
    assert tree.entries["usr/bin/again"].data() == b"mine"
    assert tree.entries["etc/passwd"].data() == b"other"
    assert stat.S_IMODE(tree.entries["tmp"].mode) == 0o1777
    assert stat.S_ISLNK(tree.entries["bin"].mode)


def test_a_file_replaces_a_directory_and_what_it_held():
    tree = small_tree()
    tree.add_file("etc", b"flat")
    assert tree.entries["etc"].data() == b"flat" and "etc/passwd" not in tree.entries


def test_errors_say_what_is_wrong():
    tree = small_tree()
    with pytest.raises(errors.Failure, match="no such directory"):
        tree.overlay("/nonexistent/place")
    with pytest.raises(errors.Failure, match="not a directory"):
        tree.add_file("etc/passwd/below", b"")
    tree.add_link("loop", "loop")
    with pytest.raises(errors.Failure, match="too many"):
        tree.add_file("loop/x", b"")
