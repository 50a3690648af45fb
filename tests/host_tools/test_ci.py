# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`.ci/run`, and the closing line and exit status of `./trellis test` below it."""

import itertools
import os
import subprocess

import pytest

from trellis import cli, paths
from trellis.testing import command, groups
from trellis.testing.outcome import Skip


def run_ci(directory, status):
    """Runs .ci/run beside a front door that tells how it was called; (status, output)."""
    (directory / ".ci").mkdir(parents=True)
    (directory / ".ci" / "run").write_bytes((paths.TREE / ".ci" / "run").read_bytes())
    (directory / ".ci" / "run").chmod(0o755)
    door = directory / "trellis"
    door.write_text(f"#!/bin/sh\necho \"$PWD: $0 $*\"\nexit {status}\n")
    door.chmod(0o755)
    done = subprocess.run([directory / ".ci" / "run"], cwd="/", capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_ci_runs_the_tests_and_ends_as_they_do(tmp_path):
    assert os.access(paths.TREE / ".ci" / "run", os.X_OK)
    for status in (0, 1):
        place = tmp_path / str(status)
        assert run_ci(place, status) == (status, f"{place}: ./trellis test --change --verbose\n")


def passes():
    pass


def fails():
    assert 1 == 2, "one is not two"


def breaks():
    raise OSError("no such thing")


def is_skipped():
    raise Skip("not here")


def outcome_of(monkeypatch, capsys, tests, *options):
    """(exit status, output) of `./trellis test` with nothing but these tests."""
    monkeypatch.setattr(command.host_packages, "ensure", lambda *_: None)
    monkeypatch.setattr(command.groups, "build_test", lambda _: ("build", passes))
    monkeypatch.setattr(command, "find", lambda configuration, built: tests if configuration.usual else [])
    status = cli.main(["test", *options])
    return status, capsys.readouterr().out


@pytest.mark.parametrize("extra, status, closing", [
    ([], 0, "2 passed, 0 failed"),
    ([("system/skipped", is_skipped)], 0, "2 passed, 0 failed, 1 skipped"),
    ([("system/wrong", fails)], 1, "2 passed, 1 failed"),
    ([("system/wrong", fails), ("unit/broken", breaks)], 1, "2 passed, 2 failed"),
])
def test_the_closing_line_and_the_status(monkeypatch, capsys, extra, status, closing):
    got, output = outcome_of(monkeypatch, capsys, [("unit/right", passes), *extra])
    assert (got, output.splitlines()[-1]) == (status, closing), output
    for name, test in extra:
        assert f"{'skipped' if test is is_skipped else 'failed'} " in output and name in output


def test_what_failed_is_told_with_its_place(monkeypatch, capsys):
    _, output = outcome_of(monkeypatch, capsys, [("unit/wrong", fails), ("unit/broken", breaks)])
    assert "one is not two" in output and "OSError: no such thing" in output


def test_a_build_that_fails_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr(command.host_packages, "ensure", lambda *_: None)
    monkeypatch.setattr(command.groups, "build_test", lambda _: ("build", breaks))
    monkeypatch.setattr(command, "find", lambda configuration, built: [("lint/right", passes)])
    assert cli.main(["test"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed"


def test_a_selection_without_tests_is_a_failure(monkeypatch, capfd):
    status, _ = outcome_of(monkeypatch, capfd, [("unit/right", passes)], "no-such-test")
    assert status == 125


def test_every_change_tests_every_architecture_with_one_and_with_four_processors():
    assert command.ON_EVERY_CHANGE[groups.Configuration()] == (), "the whole suite of the usual configuration"
    wanted = itertools.product(("x86_64", "aarch64", "riscv64"), (1, 4))
    assert set(command.ON_EVERY_CHANGE) == {groups.Configuration(*one) for one in wanted}
    for configuration, words in command.ON_EVERY_CHANGE.items():
        names = [name for name, _ in groups.system_tests(configuration)]
        for word in words:
            assert any(word in name for name in names), (configuration, word)
