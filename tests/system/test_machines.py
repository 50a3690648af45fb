# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Every machine and processor that is known boots; one that lacks what is needed says so."""

import pathlib
import struct
import subprocess
import tempfile

from trellis import architectures
from trellis.guest import Outcome
from trellis.testing.outcome import Skip

SCRIPT = ["sh", "-c", "echo hi; exit 7"]
PROCESSORS = {
    "x86_64": ("max", "qemu64", "Nehalem"),
    "aarch64": ("max,pauth-impdef=on", "cortex-a57"),
    "riscv64": ("rv64", "rv64,sstc=off", "sifive-u54"),
}
LACKING_PROCESSORS = {
    "x86_64": {"qemu32": "64 bits", "max,-nx": "non-executable pages", "max,-fxsr": "FXSAVE",
               "max,-sse2": "SSE2", "max,-pge": "global pages", "max,-syscall": "SYSCALL"},
    "riscv64": {"rv64,mmu=off": "Sv39"},
}
# What is changed in the device tree: the words are as long as those they replace.
LACKING_DEVICES = {
    "aarch64": {(b"arm,gic-v3\0", b"arm,gic-v9\0"): "a GICv2 or GICv3 interrupt controller"},
    "riscv64": {(b"plic", b"plix"): "a platform-level interrupt controller"},
}


def test_boot(guest):
    for machine in architectures.get(guest.architecture).machines:
        for processor in PROCESSORS[guest.architecture]:
            done = guest.run(SCRIPT, machine=machine, cpu=processor)
            assert (done.status, done.stdout) == (7, "hi\n"), (machine, processor, str(done))


def check_refusal(done, words):
    assert (done.status, done.outcome) == (120, Outcome.PANIC), done
    assert words in done.message, done


def test_a_processor_that_lacks_something(guest):
    lacking = LACKING_PROCESSORS.get(guest.architecture)
    if lacking is None:
        raise Skip("all that the emulator has have what is needed")
    for processor, words in lacking.items():
        check_refusal(guest.run(SCRIPT, cpu=processor), words)


def tree_of(guest, path):
    """Has the emulator write the device tree of the usual machine."""
    of = architectures.get(guest.architecture)
    machine = next(iter(of.machines.values()))
    subprocess.run([of.emulator, "-machine", f"{machine},dumpdtb={path}", "-cpu", of.accelerators["tcg"],
                    "-m", "512M", "-display", "none"], check=True, capture_output=True, timeout=60)
    return without_room(path.read_bytes())


def without_room(tree):
    """A tree without the room that the emulator left in it (Devicetree Specification, 5.2)."""
    header = list(struct.unpack_from(">10I", tree))
    structure, strings, strings_size, structure_size = (header[at] for at in (2, 3, 8, 9))
    header[1] = max(structure + structure_size, strings + strings_size)
    return struct.pack(">10I", *header) + tree[40:header[1]]


def test_a_machine_that_lacks_a_device(guest):
    lacking = LACKING_DEVICES.get(guest.architecture)
    if lacking is None:
        raise Skip("its devices are taken from ACPI's tables, which the emulator makes")
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "tree")
        whole = tree_of(guest, path)
        for (name, other), words in lacking.items():
            assert name in whole
            path.write_bytes(whole.replace(name, other))
            check_refusal(guest.run(SCRIPT, extra=["-dtb", str(path)]), words)
