# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The architectures: what each is called by Debian, gcc and gdb, and which machines QEMU has.

The last word of a guest ends QEMU through its power device, with a status that
protocols/console.h describes.
"""

import dataclasses
import platform
import typing

from trellis import errors, frames, paths

DEFAULT = "x86_64"
MIB = 1 << 20
BLOCK = 2 * MIB  # by which QEMU aligns device trees
KERNEL_END = 3 * MIB  # the image lies below, from the start of memory
FIRMWARE_TABLES = 0x28000  # what QEMU keeps free at the top of a PC's memory


def _at_the_end(memory, archive):
    return memory - FIRMWARE_TABLES - archive


def _halfway(kernel_start):
    return lambda memory, _: kernel_start + min(memory // 2, 128 * MIB)


@dataclasses.dataclass(frozen=True)
class Architecture:
    """One of them. `machines` and `accelerators` begin with the default.

    `machines`: {name: QEMU's -machine}; `accelerators`: {name: QEMU's -cpu};
    `power_device`: QEMU's arguments for the device that ends it; `flat_image`: QEMU
    boots trellis.image instead of the ELF file; `memory_start`: its
    physical address; `cpus_max`: what the kernel starts; `archive_start`: where QEMU puts
    the boot archive, by the size of the memory and of the archive; `archive_room`: what has to
    be free behind it; `linux`: Debian's package of its kernel, the suite, its serial port.
    """

    name: str
    debian: str
    gdb: str
    machines: dict
    accelerators: dict
    linux: tuple
    power_device: tuple = ()
    flat_image: bool = False
    memory_start: int = 0
    cpus_max: int = 64
    archive_start: typing.Callable = None
    archive_room: int = 0

    @property
    def emulator(self):
        """QEMU's program."""
        return f"qemu-system-{self.name}"

    @property
    def foreign(self):
        """Whether this host cannot execute its programs."""
        return platform.machine() != self.name

    @property
    def compiler(self):
        """gcc, which makes programs for Linux of this architecture."""
        return f"{self.name}-linux-gnu-gcc" if self.foreign else "gcc"

    @property
    def debugger(self):
        """The gdb that knows it."""
        return "gdb-multiarch" if self.foreign else "gdb"

    @property
    def boot_image(self):
        """What QEMU boots."""
        kernel = paths.kernel_image(self.name)
        return kernel.with_suffix(".image") if self.flat_image else kernel

    def check_cpus(self, count):
        """Failure unless the kernel starts so many processors."""
        if not 1 <= count <= self.cpus_max:
            raise errors.Failure(f"--smp {count}: more than {self.cpus_max} on {self.name} is "
                                 "not there yet")

    def memory_holds(self, memory, archive):
        """Whether QEMU finds a place for a boot archive of so many bytes, clear of the kernel."""
        start = self.archive_start(memory, archive)
        end = -(-(start + archive) // BLOCK) * BLOCK if self.archive_room else start + archive
        return start >= KERNEL_END and end + self.archive_room <= memory

    def status_of(self, constant):
        """QEMU's exit status for an `enum console_power` word."""
        word = frames.CONSTANTS[constant]
        return word << 1 | 1 if self.name == "x86_64" else word


X86_64 = Architecture(
    name="x86_64",
    debian="amd64",
    gdb="i386:x86-64",
    machines={"q35": "q35", "pc": "pc", "microvm": "microvm,pit=on,pic=on,rtc=on,isa-serial=on"},
    accelerators={"tcg": "max", "kvm": "host"},
    linux=("linux-image-cloud-amd64", "bookworm", "ttyS0"),
    power_device=("-device",
                  f"isa-debug-exit,iobase={frames.CONSTANTS['CONSOLE_POWER_PORT']:#x},iosize=0x4"),
    archive_start=_at_the_end,
)

AARCH64 = Architecture(
    name="aarch64",
    debian="arm64",
    gdb="aarch64",
    machines={
        "virt": "virt,gic-version=3",
        "virt-gicv2": "virt,gic-version=2",
        "virt-el2": "virt,gic-version=3,virtualization=on",
    },
    accelerators={"tcg": "max,pauth-impdef=on"},
    linux=("linux-image-cloud-arm64", "bookworm", "ttyAMA0"),
    power_device=("-semihosting-config", "enable=on,target=native"),
    flat_image=True,
    memory_start=0x40000000,
    archive_start=_halfway(0),
    archive_room=BLOCK,
)

RISCV64 = Architecture(
    name="riscv64",
    debian="riscv64",
    gdb="riscv:rv64",
    machines={"virt": "virt"},
    accelerators={"tcg": "rv64"},
    linux=("linux-image-riscv64", "trixie", "ttyS0"),
    memory_start=0x80000000,
    archive_start=_halfway(2 * MIB),
    archive_room=BLOCK,
)

ALL = {architecture.name: architecture for architecture in (X86_64, AARCH64, RISCV64)}


def get(name):
    """The Architecture of a name; Failure if there is none."""
    if name not in ALL:
        raise errors.Failure(f"--arch {name}: choose {', '.join(ALL)}")
    return ALL[name]


def add_option(parser):
    """The option --arch."""
    parser.add_argument("--arch", default=DEFAULT, metavar="NAME",
                        help=f"{', '.join(ALL)}; default {DEFAULT}")
