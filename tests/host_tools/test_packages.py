# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Package lists and the choice of the user's mirror."""

import pytest

from trellis import errors, host_packages, private_root


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
