# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Commands that `./trellis debug` gives to gdb; it runs inside gdb.

`pbreak PROGRAM LOCATION` stops in one program only: all programs are linked at the
same addresses, so the breakpoint compares the memory around the program counter
with the program's file before it stops.
"""

import os

import gdb

COMPARED_BYTES = 64
LOAD_SEGMENT = 1


class ProgramBreakpoint(gdb.Breakpoint):
    """Stops where the code at the program counter is that of its program."""

    def __init__(self, location, path):
        super().__init__(location)
        with open(path, "rb") as file:
            self._image = file.read()

    def stop(self):
        """Whether the stop is this program's."""
        address = int(gdb.selected_frame().pc())
        wanted = self._bytes_at(address)
        try:
            found = gdb.selected_inferior().read_memory(address, len(wanted))
        except gdb.MemoryError:
            return False
        return bool(wanted) and bytes(found) == wanted

    def _bytes_at(self, address):
        """What the file has at a virtual address: program headers of an ELF64 file."""
        number = self._number_at
        table, size, count = number(32, 8), number(54, 2), number(56, 2)
        for header in range(table, table + size * count, size):
            offset, start, length = (number(header + at, 8) for at in (8, 16, 32))
            if number(header, 4) == LOAD_SEGMENT and start <= address < start + length:
                place = offset + address - start
                return self._image[place : min(place + COMPARED_BYTES, offset + length)]
        return b""

    def _number_at(self, place, size):
        return int.from_bytes(self._image[place : place + size], "little")


class ProgramBreakCommand(gdb.Command):
    """pbreak PROGRAM LOCATION: a breakpoint in one program, such as `pbreak tty main`."""

    def __init__(self):
        super().__init__("pbreak", gdb.COMMAND_BREAKPOINTS)

    def invoke(self, argument, from_tty):
        """Loads the program's symbols if need be, and sets the breakpoint."""
        words = argument.split(None, 1)
        if len(words) != 2:
            raise gdb.GdbError("pbreak PROGRAM LOCATION")
        path = PROGRAMS.get(words[0])
        if path is None:
            raise gdb.GdbError(f"no program {words[0]}; there is {', '.join(sorted(PROGRAMS))}")
        if path not in [objfile.filename for objfile in gdb.objfiles()]:
            gdb.execute(f"add-symbol-file {path}", to_string=True)
        ProgramBreakpoint(words[1], path)


PROGRAMS = dict(word.split("=", 1) for word in os.environ["TRELLIS_PROGRAMS"].split(os.pathsep))
ProgramBreakCommand()
