# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Where the instructions of a row of `bench kernel` go: by function, and as a flame graph.

QEMU runs the row with a plugin (tools/trace) that writes the address of each
instruction between two functions of the benchmark. From the addresses alone the calls
are told: an instruction that is a function's first one is reached by a call, any other
in another function by a return to it. The kernel begins a stack of its own at
each entry, so each change between kernel and program begins one here too. Functions
that the compiler has inlined are told by the debug information.
"""

import array
import bisect
import collections
import json
import subprocess

from trellis import command, errors, flame, paths, qemu

BEGIN, END = "bench_profile_begin", "bench_profile_end"
PROGRAM = "tests/system/native/bench_kernel"
SHOWN = 40


class Image:
    """Functions of an ELF file, by address."""

    def __init__(self, path):
        self._path = path
        lines = command.output_of(["llvm-nm", "--defined-only", "--numeric-sort", path]).splitlines()
        symbols = [line.split() for line in lines]
        functions = [(int(place, 16), name) for place, kind, name in symbols
                     if kind in "tT" and not name.startswith((".L", "$"))]
        self.starts = [start for start, _ in functions]
        self._names = [name for _, name in functions]

    def address(self, name):
        """Of a function, by name."""
        return self.starts[self._names.index(name)]

    def function(self, address):
        """(where it begins, its name) of the function around an address."""
        at = bisect.bisect_right(self.starts, address) - 1
        return self.starts[at], self._names[at]

    def inlined(self, addresses):
        """{address: names of the functions inlined there, the outermost first}."""
        done = subprocess.run(
            ["llvm-symbolizer", f"--obj={self._path}", "--output-style=JSON", "--inlines"],
            input="".join(f"{address:#x}\n" for address in addresses),
            capture_output=True, text=True, check=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        return {address: [frame["FunctionName"] for frame in reversed(answer["Symbol"][:-1])]
                for address, answer in zip(addresses, answers)}


class Profile:
    """Instructions by stack: `stacks` is {(function, ...): instructions}."""

    def __init__(self, trace, kernel, program):
        self._images = {True: kernel, False: program}
        self._border = kernel.starts[0]
        self.operations = trace.count(program.address(BEGIN))
        if self.operations == 0:
            raise errors.Failure("nothing was traced: `bench kernel` has no row of this name")
        self.stacks = collections.Counter()
        self._walk(trace, self._places(set(trace)))

    def _places(self, addresses):
        """{address: (in the kernel, function's start, function, what is inlined)}."""
        places = {}
        for in_kernel, image in self._images.items():
            here = sorted(address for address in addresses
                          if (address >= self._border) == in_kernel)
            inlined = image.inlined(here)
            for address in here:
                places[address] = (in_kernel, *image.function(address), inlined[address])
        return places

    def _walk(self, trace, places):
        stack, was_in_kernel = [], None  # [(function, names with what is inlined at its last)]
        for address in trace:
            in_kernel, start, function, inlined = places[address]
            if in_kernel != was_in_kernel:
                stack, was_in_kernel = [], in_kernel
            names = (function, *inlined)
            at = [each for each, _ in stack]
            if not stack or stack[-1][0] != function:
                if address != start:
                    stack = stack[:at.index(function)] if function in at else []
                stack.append((function, names))
            stack[-1] = (function, names)
            root = "kernel" if in_kernel else "user"
            self.stacks[(root, *(name for _, frames in stack for name in frames))] += 1

    def by_function(self):
        """[(function, instructions of its own, with what it calls)], the costliest first."""
        own, whole = collections.Counter(), collections.Counter()
        for stack, count in self.stacks.items():
            own[stack[-1]] += count
            for name in set(stack[1:]):
                whole[name] += count
        return [(name, count, whole[name]) for name, count in own.most_common()]


def of_row(system, row):
    """Runs a row; its Profile."""
    kernel = Image(paths.kernel_image(system.architecture))
    program = Image(paths.build_directory(system.architecture) / PROGRAM)
    file = paths.BUILD / "profile" / f"{row}-{system.architecture}.trace"
    file.parent.mkdir(parents=True, exist_ok=True)
    plugin = (f"{_plugin()},begin={program.address(BEGIN):#x},end={program.address(END):#x},"
              f"output={file}")
    system.log_of_native("bench_kernel", f"bench.profile=1 bench.row={row}",
                         extra=[*qemu.EXACT_COUNTING, "-plugin", plugin])
    trace = array.array("Q")
    trace.frombytes(file.read_bytes())
    file.unlink()
    return Profile(trace, kernel, program)


def report(system, row):
    """Prints the profile of a row and writes its flame graph."""
    profile = of_row(system, row)
    whole = sum(profile.stacks.values())
    print(f"{row} on {system.architecture}: {whole / profile.operations:.1f} instructions in each of "
          f"{profile.operations} operations")
    print(f"{'own':>10}{'':7}{'with calls':>12}  function")
    for name, own, called in profile.by_function()[:SHOWN]:
        print(f"{own / profile.operations:10.1f}{own / whole:7.1%}"
              f"{called / profile.operations:12.1f}  {name}")
    picture = paths.BUILD / "profile" / f"{row}-{system.architecture}.svg"
    picture.write_text(flame.graph(profile.stacks, profile.operations,
                                   f"{row}, {system.architecture}: instructions"))
    print(f"flame graph: {picture.relative_to(paths.TREE)}")


def _plugin():
    """The plugin, compiled for the host."""
    source = paths.TREE / "tools" / "trace" / "trace.c"
    target = paths.BUILD / "trace" / "trace.so"
    target.parent.mkdir(parents=True, exist_ok=True)
    command.run_logged(["clang", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", source,
                        "-o", target], "trace", "clang could not build QEMU's plugin")
    return target
