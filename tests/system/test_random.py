# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Where random numbers come from: the processor's (RDRAND, or the device tree's seed) and the host's.

The emulator counts instructions and draws what the processor gives from a seed, so that a
boot repeats another but for the instants at which the host answers. Numbers of 128 bits that
come again show that nothing else went into them.
"""

import pathlib
import tempfile

from trellis import qemu
from trellis.testing.outcome import Skip

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "posix" / "random_numbers.c"
# What takes away the processor's. On RISC-V the emulator knows no way.
WITHOUT_GENERATOR = {"x86_64": {"cpu": "max,-rdrand"}, "aarch64": {"extra": ["-machine", "dtb-randomness=off"]}}
BOOTS_MAX = 40
WARNING = "random numbers can be guessed"


def drawn(guest, root, host, processor=1, **machine):
    """AT_RANDOM of the first program of machines whose only secrets are these, until one comes again."""
    extra = [*qemu.EXACT_COUNTING, "-rtc", "base=2020-01-01,clock=vm", "-seed", str(processor), *machine.pop("extra", [])]
    seen = set()
    for _ in range(BOOTS_MAX):
        done = guest.run(["/random"], root=root, entropy=bytes([host]) * 32, extra=extra, **machine)
        assert done.status == 0 and len(done.stdout) == 33 and WARNING not in done.log, done
        if done.stdout in seen:
            return seen
        seen.add(done.stdout)
    raise Skip(f"none of {BOOTS_MAX} boots repeats another: what is changed would prove nothing")


def test_each_source_counts(guest):
    if guest.cpus > 1:
        raise Skip("the clock says the same in each boot only with one processor")
    with tempfile.TemporaryDirectory() as root:
        guest.compile(SOURCE, f"{root}/random")
        first = drawn(guest, root, host=1)
        assert first.isdisjoint(drawn(guest, root, host=2))
        assert first.isdisjoint(drawn(guest, root, host=1, processor=2))
        alone = WITHOUT_GENERATOR.get(guest.architecture)
        if alone is not None:
            assert drawn(guest, root, host=1, **alone).isdisjoint(drawn(guest, root, host=2, **alone))


def test_without_a_source_it_is_said(guest):
    guest.only_on(*WITHOUT_GENERATOR, why="the machine gives a seed always")
    with guest.plain() as boot:
        for machine, warned in ((WITHOUT_GENERATOR[guest.architecture], True), ({}, False)):
            shown, _ = boot("log=uart", timeout=5, **machine)
            assert b"root@trellis" in shown and (WARNING.encode() in shown) == warned, shown
