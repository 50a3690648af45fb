# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The real emulator with the least guest there can be."""

import pathlib
import shutil
import subprocess

import pytest

from trellis import architectures, frames, guest, qemu
from trellis.conversation import Request
from trellis.host_streams import CapturedStreams, Log

HERE = pathlib.Path(__file__).resolve().parent
C = frames.CONSTANTS
pytestmark = pytest.mark.skipif(not shutil.which("qemu-system-x86_64"), reason="no QEMU")


def stub(directory, power, *said):
    """Builds a guest that says these frames and then writes the power word."""
    text = directory / "frames"
    text.write_bytes(b"".join(frames.encode(C[name], payload) for name, payload in said))
    image = directory / "stub.elf"
    subprocess.run(
        ["clang", "--target=x86_64-unknown-linux-gnu", "-nostdlib", "-static",
         "-fuse-ld=lld", "-Wl,-Ttext=0x100000,--build-id=none", "-Wl,-e,start",
         f'-DFRAMES_FILE="{text}"', f"-DPOWER_PORT={C['CONSOLE_POWER_PORT']}",
         f"-DPOWER_WORD={C[power]}", HERE / "stub_guest.S", "-o", image],
        check=True)
    return image


def boot(directory, image, machine="q35", extra=()):
    """Runs the stub; (Result, standard output)."""
    archive = directory / "archive"
    archive.write_bytes(b"\0" * 512)
    streams = CapturedStreams(Log(directory / "log", False))
    emulated = qemu.Machine(kernel=image, archive=archive, machine=machine, extra=list(extra))
    result = guest.Guest(emulated, Request(["x"], {}), streams, 60).run()
    return result, bytes(streams.output["stdout"])


@pytest.mark.parametrize("machine", sorted(architectures.X86_64.machines))
def test_orderly_end_on_every_machine(tmp_path, machine):
    image = stub(tmp_path, "CONSOLE_POWER_OFF", ("CONSOLE_READY", b"\1"),
                 ("CONSOLE_STDOUT", b"stub~}\n"), ("CONSOLE_EXIT", b"\0\7"))
    result, output = boot(tmp_path, image, machine, qemu.EXACT_COUNTING)
    assert (result.outcome, result.code) == (guest.Outcome.EXITED, 7), result.message
    assert output == b"stub~}\n"


def test_panic(tmp_path):
    image = stub(tmp_path, "CONSOLE_POWER_PANIC", ("CONSOLE_PANIC", b"why\n  at 0x100000\n"))
    result, _ = boot(tmp_path, image)
    assert result.code == 120
    assert "  at 0x100000 start" in result.message


def test_a_bad_argument_is_the_emulators_failure(tmp_path):
    image = stub(tmp_path, "CONSOLE_POWER_OFF")
    result, _ = boot(tmp_path, image, extra=["-device", "no-such-device"])
    assert result.code == 122
    assert "no-such-device" in result.message
