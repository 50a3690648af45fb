#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright The Trellis authors
"""Make everything that follows from posix/linux/calls.toml.

    generate_linux_abi.py CALLS.TOML header OUTPUT ARCHITECTURE  posix/calls.h
    generate_linux_abi.py CALLS.TOML table OUTPUT ARCHITECTURE   linux_call_table.c
    generate_linux_abi.py CALLS.TOML page OUTPUT                 docs/linux-abi.md

calls.toml says what an argument may be. A mistake in it ends the build with the
call and the argument named.
"""

import pathlib
import sys
import tomllib

BANNER = """/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Made from posix/linux/calls.toml by tools/generate_linux_abi.py. */
"""
C_TYPES = {
    "int": "int32_t", "uint": "uint32_t", "long": "int64_t", "octal": "uint32_t", "fd": "int32_t",
    "dirfd": "int32_t", "signal": "int32_t", "flags": "uint32_t", "choice": "int32_t",
    "request": "uint32_t", "mode": "uint32_t", "create_mode": "uint32_t",
}
ADDRESSES = {"size", "hex", "pointer", "string", "strings", "in", "command", "environment", "word",
             "stat", "statx", "statfs", "pipe", "status", "timespec", "timespecs", "timeval",
             "itimerval", "itimerspec", "sigset", "sigaction", "stack", "siginfo", "limit",
             "utsname", "event", "vectors", "poll", "select", "address", "message", "words",
             "entries", "events", "out"}
# The kinds whose name in enum argument_kind is another.
SHAPES = {"in": "BUFFER_IN", "out": "BUFFER_OUT", "request": "CHOICE"}
# What the call itself writes; others, if `kind:out` says so.
ALWAYS_OUT = {"out", "pipe", "status", "stat", "statx", "statfs", "utsname", "words", "entries",
              "events"}
STATES = ("full", "partial", "absent")
# The keys under which an architecture's numbers stand; the host is as x86_64.
NUMBERS = {"x86_64": ["x86_64"], "host": ["x86_64"], "aarch64": ["aarch64", "generic"],
           "riscv64": ["riscv64", "generic"]}
KEYS = ("x86_64", "generic", "aarch64", "riscv64")
RESERVED = {"int", "signed", "default"}


class Argument:
    """One argument of a call: its name, how it is shown, its C type."""

    def __init__(self, call, text, names):
        kind, _, self.name = text.strip().partition(" ")
        self.kind, _, detail = kind.partition(":")
        self.out = self.kind in ALWAYS_OUT or detail == "out"
        self.table = "" if detail == "out" else detail
        self.mask = names.get(self.table, {}).get("mask", 0)
        if self.kind not in C_TYPES.keys() | ADDRESSES or not self.name.isidentifier() or self.name in RESERVED:
            sys.exit(f"calls.toml: {call}: argument '{text}' is not understood")
        if self.table and self.table not in names:
            sys.exit(f"calls.toml: {call}: there is no [names.{self.table}]")

    def field(self):
        """The argument's place in the structure: eight bytes, whatever its type has."""
        c_type = C_TYPES.get(self.kind, "uint64_t")
        padding = "" if c_type.endswith("64_t") else " uint32_t : 32;"
        return f"    {c_type} {self.name};{padding}"

    def shape(self):
        """Its initialiser for struct argument_shape."""
        flags = f"names_{self.table}" if self.table else "NULL"
        kind = SHAPES.get(self.kind, self.kind.upper())
        return (f'{{"{self.name}", ARGUMENT_{kind}, {flags}, {self.mask:#x}, '
                f'{"true" if self.out else "false"}}}')


class Call:
    """One Linux call."""

    def __init__(self, name, table, names):
        self.name = name
        self.state = table["state"]
        self.note = table.get("note", "")
        self.result = table.get("result", "long")
        self.numbers = {key: table[key] for key in KEYS if key in table}
        self._orders = {key: self._arguments(table[key], names)
                        for key in ("arguments", "generic_arguments") if key in table}
        if self.state not in STATES or not self.numbers:
            sys.exit(f"calls.toml: {name}: needs a state of {STATES} and a number")

    def _arguments(self, text, names):
        found = [Argument(self.name, one, names) for one in text.split(",") if one.strip()]
        if len(found) > 6:
            sys.exit(f"calls.toml: {self.name}: at most 6 arguments")
        return found

    def number(self, architecture):
        """Its number there, or None."""
        found = [self.numbers[key] for key in NUMBERS[architecture] if key in self.numbers]
        return found[0] if found else None

    def arguments(self, architecture):
        """Its arguments in that architecture's order."""
        usual = self._orders.get("arguments", [])
        own = "generic" in NUMBERS[architecture]
        return self._orders.get("generic_arguments", usual) if own else usual


def read_calls(path):
    """(calls, names) of calls.toml."""
    table = tomllib.loads(pathlib.Path(path).read_text())
    names = table["names"]
    return [Call(name, entry, names) for name, entry in table["calls"].items()], names


def header(calls, architecture):
    """posix/calls.h: numbers, structures and prototypes."""
    lines = [BANNER, "#pragma once\n", "#include <stdint.h>\n", "struct task;\n",
             "enum linux_call_number {"]
    lines += [f"    LINUX_CALL_{call.name.upper()} = {call.number(architecture)},"
              for call in calls if call.number(architecture) is not None]
    lines.append("};\n")
    for call in calls:
        lines.append(f"struct {call.name}_arguments {{")
        fields = [argument.field() for argument in call.arguments(architecture)]
        lines += fields or ["    uint64_t none;"]
        lines.append("};")
        lines.append(f"int64_t linux_{call.name}(struct task *task, "
                     f"const struct {call.name}_arguments *arguments);\n")
    return "\n".join(lines)


def name_tables(names, calls, architecture):
    """The flag_name arrays that the calls use."""
    used = {argument.table for call in calls for argument in call.arguments(architecture)}
    lines = []
    for table, values in names.items():
        if table not in used:
            continue
        own = {**values, **values.get(architecture, {})}
        lines.append(f"static const struct flag_name names_{table}[] = {{")
        lines += [f'    {{{value:#x}, "{name}"}},' for name, value in own.items()
                  if isinstance(value, int) and name != "mask"]
        lines += ["    {0, NULL},", "};"]
    return lines


def table(calls, names, architecture):
    """linux_call_table.c: dispatch and shapes for one architecture."""
    present = [call for call in calls if call.number(architecture) is not None]
    lines = [BANNER, "#include <posix/call.h>", "#include <posix/calls.h>", "#include <stddef.h>\n"]
    lines += name_tables(names, present, architecture)
    for call in present:
        arguments = call.arguments(architecture)
        if arguments:
            lines.append(f"static const struct argument_shape shape_{call.name}[] = {{")
            lines += [f"    {argument.shape()}," for argument in arguments]
            lines.append("};")
        if call.state != "absent":
            lines += [f"static int64_t call_{call.name}(struct task *task, const void *arguments)",
                      "{", f"    return linux_{call.name}(task, arguments);", "}"]
    lines.append("\nconst struct call_entry call_table[] = {")
    for call in present:
        handler = "NULL" if call.state == "absent" else f"call_{call.name}"
        arguments = call.arguments(architecture)
        shape = f"shape_{call.name}" if arguments else "NULL"
        lines.append(f'    [{call.number(architecture)}] = {{"{call.name}", {handler}, {shape}, '
                     f"{len(arguments)}, ARGUMENT_{call.result.upper()}}},")
    size = max(call.number(architecture) for call in present) + 1
    lines += ["};", f"const unsigned call_table_size = {size};",
              f"uint32_t call_absent_counts[{size + 1}];", ""]
    return "\n".join(lines)


def page(calls):
    """docs/linux-abi.md."""
    count = {state: sum(call.state == state for call in calls) for state in STATES}
    lines = ["<!-- SPDX-License-Identifier: MIT -->", "<!-- Copyright The Trellis authors -->",
             "<!-- Made from posix/linux/calls.toml by tools/generate_linux_abi.py. -->", "",
             "# Linux calls", "",
             f"Of {len(calls)} calls {count['full']} are full, {count['partial']} partial and "
             f"{count['absent']} absent. An absent call returns ENOSYS and is counted; none "
             "pretends.", "",
             "| call | x86-64 | generic | state | note |", "| --- | --- | --- | --- | --- |"]
    for call in calls:
        own = ", ".join(f"{call.numbers[key]} ({key})" for key in KEYS[2:] if key in call.numbers)
        lines.append(f"| {call.name} | {call.numbers.get('x86_64', '')} | "
                     f"{call.numbers.get('generic', own)} | {call.state} | {call.note} |")
    return "\n".join(lines) + "\n"


def main(arguments):
    """Write one of the parts."""
    source, part, output = arguments[:3]
    calls, names = read_calls(source)
    if part == "header":
        text = header(calls, arguments[3])
    elif part == "table":
        text = table(calls, names, arguments[3])
    elif part == "page":
        text = page(calls)
    else:
        sys.exit(__doc__)
    pathlib.Path(output).write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
