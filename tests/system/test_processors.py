# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Programs are told what the processor has that is there, and nothing that cannot be used."""

import pathlib
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "posix" / "hardware.c"
# For each processor: what /proc/cpuinfo and the program name, and what neither may.
PROCESSORS = {
    "x86_64": {
        "max": ("fpu tsc cmov fxsr sse sse2", "aes avx", ""),
        "qemu64": ("fpu tsc cmov fxsr sse sse2", "", "avx aes"),
    },
    "aarch64": {
        "max,pauth-impdef=on": ("fp asimd aes pmull sha1 sha2 crc32 atomics asimdrdm lrcpc dcpop flagm rng", "",
                                "sve sve2 paca pacg bti mte evtstrm cpuid dit ssbs"),
        "cortex-a57": ("fp asimd aes pmull sha1 sha2 crc32", "", "atomics asimdrdm sve"),
    },
    "riscv64": {
        "rv64": ("i m a f d c zba zbb zbs", "zicsr zifencei sstc", "v"),
        "rv64,v=on,zba=off,sstc=off": ("i m a f d c zbb zbs", "zicsr zifencei", "v zba sstc"),
    },
}
LISTS = {"x86_64": "flags", "aarch64": "Features", "riscv64": "isa"}
# Every processor has these lines, in this order.
LINES = {
    "x86_64": ["processor", "vendor_id", "cpu family", "model", "model name", "stepping", "cpu MHz", "physical id",
               "siblings", "core id", "cpu cores", "apicid", "fpu", "fpu_exception", "cpuid level", "wp", "flags",
               "bogomips", "clflush size", "cache_alignment", "address sizes", "power management"],
    "aarch64": ["processor", "BogoMIPS", "Features", "CPU implementer", "CPU architecture", "CPU variant",
                "CPU part", "CPU revision"],
    "riscv64": ["processor", "hart", "isa", "mmu", "mvendorid", "marchid", "mimpid"],
}


def parsed(text):
    """/proc/cpuinfo as a list of (name, value) for each processor."""
    return [[tuple(part.strip() for part in line.split(":", 1)) for line in block.splitlines()]
            for block in text.strip().split("\n\n")]


def features_of(architecture, processor):
    words = dict(processor)[LISTS[architecture]]
    if architecture != "riscv64":
        return set(words.split())
    letters, *names = words.removeprefix("rv64").split("_")
    return {*letters, *names}


def test_what_programs_are_told(guest):
    with tempfile.TemporaryDirectory() as root:
        program = pathlib.Path(root, "bin", "hardware")
        program.parent.mkdir()
        guest.compile(SOURCE, program)
        for cpu, (told, listed, absent) in PROCESSORS[guest.architecture].items():
            done = guest.run(["sh", "-c", "hardware; echo; cat /proc/cpuinfo"], root=root, cpu=cpu)
            names, _, text = done.stdout.partition("\n\n")
            processors = parsed(text)
            assert len(processors) == guest.cpus, done
            assert [dict(one)["processor"] for one in processors] == [str(i) for i in range(guest.cpus)], done
            for one in processors:
                assert [name for name, _ in one] == LINES[guest.architecture], done
                features = features_of(guest.architecture, one)
                assert features >= set(f"{told} {listed}".split()), (cpu, features)
                assert not features & set(absent.split()), (cpu, features)
                assert set(names.split()) >= set(told.split()), (cpu, names)
                assert set(names.split()) <= features, (cpu, names, features)
