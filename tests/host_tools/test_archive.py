# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Trees of files and the archives made of them."""

import io
import os
import pathlib
import stat
import subprocess
import tempfile

import pytest

from trellis import cpio, errors
from trellis.file_tree import FileTree


NOBODY = 65534


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


def test_names_that_are_not_utf_8_keep_their_bytes(tmp_path):
    directory = os.fsencode(tmp_path) + b"/d\xff\xfe"
    os.mkdir(directory)
    with open(directory + b"/\xe9t\xe9\n", "wb") as file:
        file.write(b"text")
    os.symlink(b"d\xff\xfe/\xe9t\xe9\n", os.fsencode(tmp_path) + b"/link\x80")
    tree = small_tree()
    tree.overlay(tmp_path)
    written = archive_of(tree)
    assert b"d\xff\xfe/\xe9t\xe9\n\0" in written and b"link\x80\0" in written
    assert tree.entries["link\udc80"].data() == b"d\xff\xfe/\xe9t\xe9\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize("name", ["file", "folder"])
def test_what_cannot_be_read_is_named(name):
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        path = pathlib.Path(root, name)
        path.mkdir(mode=0) if name == "folder" else path.touch(mode=0)
        os.seteuid(NOBODY)
        try:
            with pytest.raises(errors.Failure, match=f"{name}: Permission denied"):
                tree = small_tree()
                tree.overlay(root)
                archive_of(tree)
        finally:
            os.seteuid(0)
