# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis debug`: gdb attached to the real emulator with the least guest."""

import contextlib
import shutil

import pytest
import test_qemu

from trellis import cli, debug, paths, run

pytestmark = pytest.mark.skipif(not shutil.which("gdb"), reason="no gdb")


def test_breakpoints_in_the_kernel_and_in_one_program(tmp_path, monkeypatch, capfd):
    (tmp_path / "other").mkdir()
    image = test_qemu.stub(tmp_path, "CONSOLE_POWER_OFF", ("CONSOLE_READY", b"\1"))
    other = test_qemu.stub(tmp_path / "other", "CONSOLE_POWER_PANIC", ("CONSOLE_LOG", b"other"))
    (tmp_path / "archive").write_bytes(b"\0" * 512)
    monkeypatch.setattr(run, "prepare", lambda options: None)
    monkeypatch.setattr(run, "archive_of",
                        lambda options: contextlib.nullcontext(tmp_path / "archive"))
    monkeypatch.setattr(paths, "kernel_image", lambda architecture: image)
    monkeypatch.setattr(debug, "programs_of",
                        lambda architecture: {"this": str(image), "other": str(other)})
    cli.main(["debug", "--quiet", "--batch", "--ex", "pbreak other start", "--ex", "pbreak this "
              "start", "--ex", "continue", "--ex", "info breakpoints"])
    shown = capfd.readouterr().out
    assert "Breakpoint 2, 0x0000000000100000 in start ()" in shown
    assert shown.count("breakpoint already hit 1 time") == 1


def test_an_unknown_program_is_named(monkeypatch):
    monkeypatch.setattr(debug, "programs_of", lambda architecture: {"tty": "/x"})
    options = type("Options", (), {"arch": "x86_64", "program": ["typo"]})
    with pytest.raises(debug.errors.Failure, match="typo: there is tty"):
        debug._run_gdb(options, paths.TREE, None)
