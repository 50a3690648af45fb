# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Every machine and processor that is known boots; one that lacks what is needed says so."""

import contextlib
import pathlib
import struct
import subprocess
import tempfile

from trellis import architectures, qemu
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
               "max,-sse2": "SSE2", "max,-pge": "global pages", "max,-syscall": "SYSCALL",
               "max,-tsc": "a time stamp counter", "max,-apic": "a local APIC", "max,-fpu": "floating point"},
    "riscv64": {"rv64,mmu=off": "Sv39", "rv64,d=off": "a part of rv64gc"},
}
# What is changed in the device tree: the words are as long as those they replace.
LACKING_DEVICES = {
    "aarch64": {(b"arm,gic-v3\0", b"arm,gic-v9\0"): "a GICv2 or GICv3 interrupt controller"},
    "riscv64": {(b"plic", b"plix"): "a platform-level interrupt controller"},
}
SERIAL_PORTS = {"aarch64": (b"arm,pl011\0", b"arm,pl099\0"), "riscv64": (b"ns16550a\0", b"ns16999a\0")}
CLOCKS = {"aarch64": (b"arm,pl031\0", b"arm,pl099\0"), "riscv64": (b"goldfish-rtc\0", b"goldfish-xtc\0")}
YEAR_S = 365 * 86400
COUNTED_MHZ = 1000  # an emulator that counts instructions lets the time stamp counter count nanoseconds


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


@contextlib.contextmanager
def changed_tree(guest, name, other):
    """QEMU's arguments for the usual machine with a word of its device tree replaced."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "tree")
        whole = tree_of(guest, path)
        assert name in whole
        path.write_bytes(whole.replace(name, other))
        yield ["-dtb", str(path)]


def test_a_machine_that_lacks_a_device(guest):
    if guest.architecture == "x86_64":
        check_refusal(guest.run(SCRIPT, machine="microvm", extra=["-machine", "pit=off"]), "a clock to measure")
        return
    for (name, other), words in LACKING_DEVICES[guest.architecture].items():
        with changed_tree(guest, name, other) as extra:
            check_refusal(guest.run(SCRIPT, extra=extra), words)


def test_a_machine_without_a_serial_port(guest):
    """Nobody can hear what it says, but it ends, and its status tells that it could not run."""
    if guest.architecture == "x86_64":
        done = guest.run(SCRIPT, machine="microvm", extra=["-machine", "isa-serial=off"])
    else:
        with changed_tree(guest, *SERIAL_PORTS[guest.architecture]) as extra:
            done = guest.run(SCRIPT, extra=extra)
    assert (done.status, done.outcome) == (120, Outcome.PANIC), done


def test_a_machine_without_a_calendar(guest):
    """A clock that runs without power is of use, but not needed."""
    if guest.architecture == "x86_64":
        done = guest.run(["date", "+%s"], machine="microvm", extra=["-machine", "rtc=off"])
    else:
        with changed_tree(guest, *CLOCKS[guest.architecture]) as extra:
            done = guest.run(["date", "+%s"], extra=extra)
    assert done.status == 0 and int(done.stdout) < YEAR_S, done


def test_the_measured_counter(guest):
    guest.only_on("x86_64", why="elsewhere the machine says how fast its counter is")
    for machine in architectures.get(guest.architecture).machines:
        done = guest.run(["grep", "MHz", "/proc/cpuinfo"], machine=machine, extra=qemu.EXACT_COUNTING)
        measured = [float(line.split(":")[1]) for line in done.stdout.splitlines()]
        assert len(measured) == guest.cpus and all(abs(mhz - COUNTED_MHZ) < 1 for mhz in measured), (machine, done)
