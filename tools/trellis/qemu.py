# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The emulator: its command line, its process, and what its end means."""

import dataclasses
import itertools
import os
import pathlib
import signal
import socket
import subprocess
import tempfile

from trellis import architectures, errors

EXACT_COUNTING = ["-icount", "shift=0,sleep=off"]
UNITS = {"": 1 << 20, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclasses.dataclass
class Machine:
    """What to emulate.

    `machine`, `cpu`: empty for the architecture's first. `nodes`: NUMA nodes, among which
    memory and processors are divided. `extra`: further QEMU arguments, such as
    EXACT_COUNTING.
    """

    kernel: str
    archive: str
    architecture: str = architectures.DEFAULT
    append: str = "console=framed"
    memory: str = "512M"
    cpus: int = 1
    nodes: int = 1
    machine: str = ""
    accelerator: str = "tcg"
    cpu: str = ""
    extra: list = dataclasses.field(default_factory=list)

    def check(self):
        """Failure if a value is none that QEMU here could take."""
        if self.machine not in self.of.machines:
            raise errors.Failure(f"--machine {self.machine}: choose {', '.join(self.of.machines)}")
        if self.accelerator not in self.of.accelerators or (
                self.accelerator == "kvm" and self.of.foreign):
            raise errors.Failure(f"--accel {self.accelerator}: not for {self.architecture} here; "
                                 "leave --accel out, TCG works anywhere")
        if self.accelerator == "kvm" and not os.access("/dev/kvm", os.R_OK | os.W_OK):
            raise errors.Failure("--accel kvm: /dev/kvm is not there or not yours to use; "
                                 "leave --accel out, TCG works anywhere")
        self._check_memory(os.stat(self.archive).st_size)

    def _check_memory(self, archive):
        """Failure if the memory cannot hold the kernel and the boot archive."""
        if not self.of.memory_holds(size_of(self.memory), archive):
            least = next(mib for mib in itertools.count(1)
                         if self.of.memory_holds(mib << 20, archive))
            raise errors.Failure(
                f"--memory {self.memory}: too little for the kernel and a boot archive of "
                f"{archive >> 20} MiB; give at least {least}M", errors.Exit.OUT_OF_MEMORY)

    def __post_init__(self):
        self.of = architectures.get(self.architecture)
        self.machine = self.machine or next(iter(self.of.machines))
        self.cpu = self.cpu or self.of.accelerators.get(self.accelerator, "")

    @property
    def symbols(self):
        """The kernel's ELF file."""
        return pathlib.Path(self.kernel).with_suffix(".elf")

    def ended_with(self, status, constant):
        """Whether QEMU's exit status is what this `enum console_power` word makes."""
        return status == self.of.status_of(constant)

    def command_line(self, console_fd, memory_fd):
        """QEMU's arguments; `console_fd` is an open socket, its serial port's other end.

        `memory_fd`: the file that is the guest's memory.
        """
        return [
            self.of.emulator,
            "-machine", f"{self.of.machines[self.machine]},accel={self.accelerator}"
            f"{',memory-backend=memory0' if self.nodes == 1 else ''}",
            "-object", f"memory-backend-file,id=memory0,size={self.first_memory},share=on,"
            f"mem-path=/proc/self/fd/{memory_fd}",
            *self._node_arguments(),
            "-cpu", self.cpu,
            "-m", self.memory,
            "-smp", str(self.cpus),
            "-kernel", str(self.kernel),
            "-initrd", str(self.archive),
            "-append", self.append,
            "-no-reboot", "-nodefaults", "-no-user-config", "-display", "none",
            "-chardev", f"socket,id=console,fd={console_fd}",
            "-serial", "chardev:console",
            *self.of.power_device,
            *self.extra,
        ]


    @property
    def first_memory(self):
        """Bytes of the first node's memory, which the host writes to."""
        return size_of(self.memory) // self.nodes

    def _node_arguments(self):
        if self.nodes == 1:
            return
        for node in range(self.nodes):
            if node > 0:
                yield from ("-object", f"memory-backend-ram,id=memory{node},size={self.first_memory}")
            first, last = (self.cpus * at // self.nodes for at in (node, node + 1))
            yield from ("-numa", f"node,nodeid={node},cpus={first}-{last - 1},memdev=memory{node}")


class Emulator:
    """A running QEMU; a context manager that leaves none behind.

    `console` is the non-blocking socket to the guest's serial port.
    """

    def __init__(self, machine):
        machine.check()
        self.console, far_end = socket.socketpair()
        self.console.setblocking(False)
        self._messages = tempfile.TemporaryFile()
        self._memory = _memory_file(machine.first_memory)
        self._memory_start = machine.of.memory_start
        with far_end:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--",
                 *machine.command_line(far_end.fileno(), self._memory)],
                stdin=subprocess.DEVNULL,
                stdout=self._messages,
                stderr=self._messages,
                pass_fds=[far_end.fileno(), self._memory],
                start_new_session=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
        self.console.close()
        self._messages.close()
        os.close(self._memory)

    @property
    def pid(self):
        """The emulator's process."""
        return self._process.pid

    def write_memory(self, address, data):
        """Writes to the guest's memory; nothing if it is not all there."""
        place = address - self._memory_start
        if 0 <= place <= os.fstat(self._memory).st_size - len(data):
            os.pwrite(self._memory, data, place)

    def status(self):
        """Exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    def wait(self, seconds):
        """Waits for the emulator to end by itself; its status, or None."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self):
        """Ends the emulator if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def messages(self):
        """What the emulator itself printed."""
        self._messages.seek(0)
        return self._messages.read().decode(errors="replace").strip()


def size_of(memory):
    """Bytes of what -m is given: a number with K, M or G, else of MiB."""
    unit = memory[-1] if memory[-1] in UNITS else ""
    return int(memory.removesuffix(unit)) * UNITS[unit]


def _memory_file(size):
    """An open file of so many bytes, in memory."""
    file = os.memfd_create("guest-memory")
    os.ftruncate(file, size)
    return file


def describe_status(status):
    """An emulator's exit status in words."""
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"exited with status {status}"
