# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What is told apart by architecture: machines, ends of the emulator, configurations of tests."""

import dataclasses

import pytest

from trellis import architectures, errors, frames, qemu
from trellis.testing import groups
from trellis.testing.guest_api import Guest
from trellis.testing.outcome import Skip


def test_a_machine_is_the_architectures_first_unless_told():
    arm = qemu.Machine(kernel="trellis.image", archive="a", architecture="aarch64")
    line = " ".join(arm.command_line(7, 8))
    assert line.startswith("qemu-system-aarch64 -machine virt,gic-version=3,accel=tcg,")
    assert "-cpu max," in line
    assert "-semihosting-config enable=on" in line and "isa-debug-exit" not in line
    assert str(arm.symbols) == "trellis.elf"
    other = qemu.Machine(kernel="k", archive="a", architecture="riscv64", cpu="rv64,sstc=off")
    assert "-cpu rv64,sstc=off" in " ".join(other.command_line(7, 8))


def test_machines_and_accelerators_are_checked():
    with pytest.raises(errors.Failure, match="choose virt"):
        qemu.Machine(kernel="k", archive="a", architecture="aarch64", machine="q35").check()
    with pytest.raises(errors.Failure, match="TCG works anywhere"):
        qemu.Machine(kernel="k", archive="a", architecture="riscv64", accelerator="kvm").check()


@pytest.mark.parametrize("name, least", [("x86_64", 6), ("aarch64", 10), ("riscv64", 14)])
def test_memory_that_cannot_hold_the_archive_is_refused(tmp_path, name, least):
    archive = tmp_path / "archive"
    archive.write_bytes(bytes(2_600_000))
    machine = qemu.Machine(kernel="k", archive=archive, architecture=name)
    for mib in range(1, 24):
        machine.memory = f"{mib}M"
        if mib >= least:
            machine.check()
            continue
        with pytest.raises(errors.Failure, match=f"2 MiB; give at least {least}M") as failure:
            machine.check()
        assert failure.value.code == errors.Exit.OUT_OF_MEMORY


def test_the_last_word_makes_each_emulators_status():
    word = frames.CONSTANTS["CONSOLE_POWER_PANIC"]
    assert architectures.X86_64.status_of("CONSOLE_POWER_PANIC") == word << 1 | 1
    assert architectures.AARCH64.status_of("CONSOLE_POWER_PANIC") == word
    assert architectures.RISCV64.status_of("CONSOLE_POWER_PANIC") == word


def test_processors_are_those_the_kernel_starts():
    single = dataclasses.replace(architectures.RISCV64, cpus_max=1)
    with pytest.raises(errors.Failure, match="more than 1 on riscv64"):
        single.check_cpus(4)
    single.check_cpus(1)


def test_names_tell_the_configuration():
    assert groups.Configuration().suffix == ""
    assert groups.Configuration("aarch64").suffix == "@aarch64"
    assert groups.Configuration("x86_64", 4).suffix == "@x86_64-smp4"


def test_every_configuration_begins_with_the_usual():
    first, *others = groups.every_configuration()
    assert first.usual and not any(other.usual for other in others)
    assert {other.architecture for other in others} >= {"aarch64", "riscv64"}


def test_a_test_says_where_it_applies():
    with pytest.raises(Skip, match="x86_64 only: a reason"):
        Guest("name", "riscv64").only_on("x86_64", why="a reason")
