# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Package lists and the choice of the user's mirror."""

import hashlib
import io
import tarfile

import pytest

from trellis import errors, host_packages, paths, ports, private_root


def test_every_command_gets_what_it_names_and_the_builds():
    rows = host_packages.parse_list("# text\nclang build\ngdb test debug on a b # why\n")
    assert rows == [("clang", {"build"}, set()), ("gdb", {"test", "debug"}, {"a", "b"})]
    assert {"clang", "qemu-system-x86"} <= set(host_packages.needed_for("run", "x86_64"))
    assert "qemu-system-x86" not in host_packages.needed_for("run", "aarch64")
    assert "qemu-system-arm" in host_packages.needed_for("test", "aarch64")
    assert "libcmocka-dev" not in host_packages.needed_for("run")
    assert host_packages.needed_for("fmt") == ["clang-format"]


def test_missing_packages_are_those_dpkg_does_not_have():
    assert host_packages.missing(["dpkg", "no-such-package-at-all"]) == ["no-such-package-at-all"]


def test_the_mirror_is_the_users_main_archive():
    targets = ("mirror://a/security/|bookworm-security|main\n"
               "mirror://other/|nodistro|main\nmirror://b/debian/|bookworm|contrib\n"
               "mirror://c/debian/|bookworm|main\n")
    assert private_root.mirror_of(targets) == "mirror://c/debian/"
    with pytest.raises(errors.Failure, match="apt sources"):
        private_root.mirror_of("mirror://other/|nodistro|main\n")


def _port(tmp_path, monkeypatch, text):
    tarball = tmp_path / "it_1.orig.tar"
    with tarfile.open(tarball, "w") as archive:
        member = tarfile.TarInfo("it-1/file.c")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    monkeypatch.setattr(private_root, "source_tarball", lambda source, version: tarball)
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    return ports.Port("it", "it", "1", hashlib.sha256(tarball.read_bytes()).hexdigest())


def test_a_port_is_unpacked_without_its_top_folder_and_again_when_it_changed(tmp_path, monkeypatch):
    unpacked = ports.unpack(_port(tmp_path, monkeypatch, b"old"))
    assert (unpacked / "file.c").read_bytes() == b"old"
    (unpacked / "more").write_text("")
    assert (ports.unpack(_port(tmp_path, monkeypatch, b"old")) / "more").exists()
    assert ports.unpack(_port(tmp_path, monkeypatch, b"new")) == unpacked
    assert (unpacked / "file.c").read_bytes() == b"new" and not (unpacked / "more").exists()


def test_a_tarball_that_is_not_the_pinned_one_is_refused(tmp_path, monkeypatch):
    port = _port(tmp_path, monkeypatch, b"text")
    wrong = ports.Port(port.name, port.source, port.version, "0" * 64)
    with pytest.raises(errors.Failure, match="SHA-256"):
        ports.unpack(wrong)
    assert not (paths.BUILD / "ports" / "it").exists()
