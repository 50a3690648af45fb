# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""A test's boot: only a crash of the emulator itself is tried again, and it is told."""

import pytest

from trellis.guest import Outcome
from trellis.testing import guest_api


def boots_of(monkeypatch, capfd, *outcomes):
    """(the last outcome, how often was booted, what was told) where boots end like this."""
    ends = [guest_api.Done(0, outcome, "how it ended", b"", b"", "") for outcome in outcomes]
    rest = iter(ends)
    guest = guest_api.Guest("test")
    monkeypatch.setattr(guest, "_boot_once", lambda *arguments: next(rest))
    done = guest._boot(None, None, b"", 1, {})
    return done.outcome, len(ends) - len(list(rest)), capfd.readouterr().err


def test_a_crash_of_the_emulator_is_told_and_tried_once_more(monkeypatch, capfd):
    crash = Outcome.EMULATOR_CRASH
    outcome, boots, told = boots_of(monkeypatch, capfd, crash, Outcome.EXITED, crash)
    assert (outcome, boots) == (Outcome.EXITED, 2)
    assert "how it ended; trying once more" in told
    assert boots_of(monkeypatch, capfd, crash, crash, crash)[:2] == (crash, 2)


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.EMULATOR_CRASH])
def test_nothing_else_is_tried_again(monkeypatch, capfd, outcome):
    assert boots_of(monkeypatch, capfd, outcome, Outcome.EXITED) == (outcome, 1, "")
