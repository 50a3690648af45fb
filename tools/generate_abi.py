#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright The Trellis authors
"""Make everything that follows from abi/calls.toml.

    generate_abi.py CALLS.TOML --output-dir DIR --part abi      calls.h native.h call_shapes.h calls.md
    generate_abi.py CALLS.TOML --output-dir DIR --part kernel   call_arguments.h call_table.c

calls.toml says what an argument may be. A mistake in it ends the build with the
call and the argument named.
"""

import argparse
import pathlib
import sys
import tomllib

BANNER = """/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Made from abi/calls.toml by tools/generate_abi.py. */
"""
KINDS = ("handle", "in", "out", "bytes_in", "bytes_out", "array", "value")
RESULTS = ("status", "handle", "address", "bytes", "count", "value")
REGISTER_ARGUMENTS = 6


class Argument:
    """One argument of a call: its kind, its C types on both sides, its checks."""

    def __init__(self, call, table):
        kinds = [kind for kind in KINDS if kind in table]
        if len(kinds) != 1:
            sys.exit(f"calls.toml: {call}: argument {table} must be one of {KINDS}")
        self.name = table["name"]
        self.kind = kinds[0]
        self.type = table[self.kind]
        self.optional = table.get("optional", False)
        self.keep_rights = table.get("keep_rights", False)
        self.rights = " | ".join(f"RIGHT_{right}" for right in table.get("rights", [])) or "0"
        self.types = table.get("types", [])
        self.count = table.get("count")
        self.flags = table.get("flags")
        self.great = table.get("great")

    @property
    def object_type(self):
        return "OBJECT_" + self.type.upper()

    @property
    def length(self):
        """The argument that holds the length or the count of this buffer."""
        return self.count if self.kind == "array" else self.type

    def user_type(self):
        """The parameter of the user-side stub, without its name."""
        return {
            "handle": "handle_t ", "in": f"const {self.type} *", "out": f"{self.type} *",
            "bytes_in": "const void *", "bytes_out": "void *", "array": f"{self.type} *",
            "value": f"{self.type} ",
        }[self.kind]

    def kernel_fields(self):
        """The lines of this argument in the kernel's argument structure."""
        if self.kind == "handle":
            name = "object" if self.type == "any" else self.type
            lines = [f"struct {name} *{self.name};"]
            if self.keep_rights:
                lines += [f"uint32_t {self.name}_rights;",
                          f"struct derivation *{self.name}_derivation;"]
            return lines
        if self.kind == "in":
            return [f"const {self.type} *{self.name};"]
        if self.kind == "out":
            return [f"{self.type} *{self.name};"]
        if self.kind == "value":
            return [f"{self.type} {self.name};"]
        return [f"uint64_t {self.name};"]


class Call:
    """One native call."""

    def __init__(self, number, table):
        self.number = number
        self.name = table["name"]
        self.doc = table["doc"]
        self.raw = table.get("raw", False)
        self.result = table.get("result", "status")
        self.arguments = [Argument(self.name, argument) for argument in table["args"]]
        if self.result not in RESULTS:
            sys.exit(f"calls.toml: {self.name}: no result is called {self.result}")
        if len(self.arguments) > REGISTER_ARGUMENTS:
            sys.exit(f"calls.toml: {self.name}: more than {REGISTER_ARGUMENTS} arguments")
        names = [argument.name for argument in self.arguments]
        for argument in self.arguments:
            if argument.kind in ("bytes_in", "bytes_out", "array") and argument.length not in names:
                sys.exit(f"calls.toml: {self.name}: {argument.name} has no length argument")


def calls_header(calls):
    """Numbers and names."""
    lines = [BANNER, "#pragma once", "", "#include <trellis/arch/registers.h>", "", "enum native_call {"]
    lines += [f"    CALL_{call.name.upper()} = NATIVE_CALL_BASE + {call.number}," for call in calls]
    lines += ["};", "", f"#define NATIVE_CALL_COUNT {len(calls)}", "",
              "/* X(name): every call in the order of its number, for tables of names. */",
              "#define TRELLIS_CALLS(X) \\"]
    lines += [f"    X({call.name}) \\" for call in calls[:-1]] + [f"    X({calls[-1].name})"]
    return lines


def stub(call):
    """The user-side function of one call."""
    parameters = ", ".join(a.user_type() + a.name for a in call.arguments) or "void"
    passed = "".join(f", (uint64_t){a.name}" for a in call.arguments)
    return [f"/* {call.doc} */", f"static inline int64_t native_{call.name}({parameters})", "{",
            f"    return native_call_{len(call.arguments)}(CALL_{call.name.upper()}{passed});", "}", ""]


def native_header(calls):
    """User-side stubs; message calls are written by hand in lib/base."""
    lines = [BANNER, "#pragma once", "", "#include <trellis/arch/native_call.h>",
             "#include <trellis/calls.h>", "#include <trellis/frame.h>",
             "#include <trellis/structures.h>", ""]
    for call in calls:
        if not call.raw:
            lines += stub(call)
    return lines[:-1]


def length_position(call, argument):
    """Where the length of a buffer stands among the arguments; -1 for what is no buffer."""
    names = [other.name for other in call.arguments]
    return names.index(argument.length) if argument.kind in ("bytes_in", "bytes_out", "array") else -1


def defined_bits(argument):
    """The bits that a number may have."""
    return " | ".join(argument.flags) if argument.flags else argument.type.upper().replace("_T", "_MAX")


def shape(call, argument):
    """One argument as data."""
    kind = "TOKEN" if argument.type == "handle_t" else argument.kind.upper()
    typed = argument.kind == "handle" and argument.type != "any"
    types = [f"1u << OBJECT_{name.upper()}" for name in ([argument.type] if typed else argument.types)]
    sized = argument.kind in ("in", "out", "array", "value")
    fields = [kind, " | ".join(types) or "UINT32_MAX", argument.rights, str(int(argument.optional)),
              f"sizeof({argument.type})" if sized else "1",
              defined_bits(argument) if kind == "VALUE" else "0", str(length_position(call, argument)),
              f"STATUS_{argument.great or 'OK'}"]
    return f"ARGUMENT({', '.join(fields)})"


def shapes_header(calls):
    """What each call takes, as data: for tests that give every call every bad argument."""
    lines = [BANNER, "#pragma once", "",
             "#include <trellis/frame.h>", "#include <trellis/status.h>", "#include <trellis/structures.h>", "",
             "/* CALL(name, raw, argument count, arguments), in the order of their numbers.",
             " * ARGUMENT(kind, mask of object types, rights, optional, size of the structure or",
             " * element or number, bits defined of a number, position of its length or -1). */",
             "#define TRELLIS_CALL_SHAPES(CALL, ARGUMENT) \\"]
    for call in calls:
        arguments = " ".join(shape(call, argument) for argument in call.arguments)
        lines.append(f"    CALL({call.name}, {int(call.raw)}, {len(call.arguments)}, {arguments}) \\")
    lines[-1] = lines[-1].removesuffix(" \\")
    return lines


def documentation(calls):
    """calls.md, of which docs/native-calls.md is a copy."""
    lines = ["<!-- SPDX-License-Identifier: MIT -->", "<!-- Copyright The Trellis authors -->",
             "<!-- Made from abi/calls.toml by tools/generate_abi.py. -->", "",
             "# Native calls", "", "A negative result is a negated status.", ""]
    for call in calls:
        lines += [f"## {call.name}", "", f"{call.doc} Result: {call.result}.", ""]
        for a in call.arguments:
            what = {"handle": f"handle to {a.type}", "in": f"`{a.type}`, read", "out": f"`{a.type}`, written",
                    "bytes_in": f"`{a.length}` bytes, read", "bytes_out": f"`{a.length}` bytes, written",
                    "array": f"`{a.length}` of `{a.type}`, read and written", "value": f"`{a.type}`"}[a.kind]
            rights = f", with {a.rights.replace('RIGHT_', '').replace(' | ', ', ')}" if a.rights != "0" else ""
            great = f"; {a.great} if it is too great" if a.great else ""
            lines.append(f"- `{a.name}`: {what}{rights}{', or none' if a.optional else ''}{great}")
        lines.append("")
    return lines[:-1]


def arguments_header(calls):
    """The kernel's argument structures and the prototypes of its handlers."""
    lines = [BANNER, "#pragma once", "", "#include <kernel/object.h>", "#include <kernel/status.h>",
             "#include <trellis/calls.h>", "#include <trellis/frame.h>", "#include <trellis/structures.h>", "",
             "struct thread;"]
    lines += sorted({f"struct {a.type};" for call in calls for a in call.arguments
                     if a.kind == "handle" and a.type != "any"} - {"struct thread;"})
    lines += ["", "/* Decodes the registers of the running thread and calls the handler. */",
              "struct call_entry {", "    int64_t (*decode)(struct thread *self);", "    const char *name;", "};",
              "extern const struct call_entry call_table[NATIVE_CALL_COUNT];", ""]
    for call in calls:
        if call.raw or not call.arguments:
            lines += [f"/* {call.doc} */", f"int64_t call_{call.name}(struct thread *self) must_check;", ""]
            continue
        lines.append(f"struct {call.name}_arguments {{")
        for argument in call.arguments:
            lines += [f"    {field}" for field in argument.kernel_fields()]
        lines += ["};", f"/* {call.doc} */",
                  f"int64_t call_{call.name}(struct thread *self, const struct {call.name}_arguments *arguments) "
                  "must_check;", ""]
    return lines[:-1]


def check(expression):
    """Run a check and leave the decoder if it fails."""
    return [f"    status = {expression};", "    if (status != STATUS_OK)", "        return status_to_result(status);"]


def refuse(condition, status):
    """Leave the decoder with a status."""
    return [f"    if ({condition})", f"        return status_to_result(STATUS_{status});"]


def decode_handle(argument, position):
    """Resolve one handle to a typed pointer: what it is comes before what it may."""
    asked = "0" if argument.types else argument.rights
    lines = check(f"handle_resolve(&self->process->handles, arch_call_argument(self, {position}), "
                  f"{argument.object_type}, {asked}, &view)")
    if argument.types:
        wrong = " && ".join(f"view.object->type != OBJECT_{name.upper()}" for name in argument.types)
        lines += refuse(wrong, "WRONG_TYPE")
        lines += refuse(f"(view.rights & ({argument.rights})) != ({argument.rights})", "NO_RIGHT")
    if argument.type == "any":
        lines.append(f"    arguments.{argument.name} = view.object;")
    else:
        lines.append(f"    arguments.{argument.name} = container_of(view.object, struct {argument.type}, object);")
    if argument.keep_rights:
        lines += [f"    arguments.{argument.name}_rights = view.rights;",
                  f"    arguments.{argument.name}_derivation = view.derivation;"]
    if argument.optional:
        lines = [f"    if (arch_call_argument(self, {position}) != HANDLE_NONE) {{"] + \
                ["    " + line for line in lines] + ["    }"]
    return lines


def decode_value(argument, position):
    """Check one number: its width and its flags."""
    raw = f"arch_call_argument(self, {position})"
    lines = []
    if argument.type == "uint32_t":
        lines += refuse(f"{raw} > UINT32_MAX", "INVALID")
    if argument.flags is not None:
        lines += refuse(f"({raw} & ~(uint64_t)({' | '.join(argument.flags)})) != 0", "INVALID")
    return lines + [f"    arguments.{argument.name} = ({argument.type}){raw};"]


def decode_buffer(argument, position):
    """Check the range of one buffer; its length has been decoded."""
    length = f"arguments.{argument.length}"
    lines = []
    if argument.kind == "array":
        lines += refuse(f"{length} > UINT32_MAX", "OUT_OF_RANGE")
        length = f"{length} * sizeof({argument.type})"
    lines += check(f"copy_check_range(arch_call_argument(self, {position}), {length})")
    return lines + [f"    arguments.{argument.name} = arch_call_argument(self, {position});"]


def decode_structure(argument, position):
    """Copy one structure in, or make sure it can be copied out."""
    address = f"arch_call_argument(self, {position})"
    local = f"{argument.name}_copy"
    if argument.kind == "in":
        lines = check(f"copy_in(&{local}, {address}, sizeof({local}))")
    else:
        lines = check(f"copy_prepare_out({address}, sizeof({local}))")
    return lines + [f"    arguments.{argument.name} = &{local};"]


DECODERS = (
    (("handle",), decode_handle),
    (("value",), decode_value),
    (("bytes_in", "bytes_out", "array"), decode_buffer),
    (("in", "out"), decode_structure),
)


def decoder(call):
    """The kernel function that turns registers into checked arguments."""
    name = call.name
    kinds = {argument.kind for argument in call.arguments}
    lines = [f"static int64_t decode_{name}(struct thread *self)", "{",
             f"    struct {name}_arguments arguments = {{0}};"]
    lines += [f"    {a.type} {a.name}_copy = {{0}};" if a.type.startswith("struct") else
              f"    {a.type} {a.name}_copy = 0;" for a in call.arguments if a.kind in ("in", "out")]
    if kinds != {"value"}:
        lines.append("    enum status status;")
    if "handle" in kinds:
        lines.append("    struct handle_view view;")
    lines.append("")
    for handled, decode in DECODERS:
        for position, argument in enumerate(call.arguments):
            if argument.kind in handled:
                lines += decode(argument, position)
    outputs = [(position, a) for position, a in enumerate(call.arguments) if a.kind == "out"]
    if not outputs:
        return lines + [f"    return call_{name}(self, &arguments);", "}", ""]
    lines.append(f"    int64_t result = call_{name}(self, &arguments);")
    lines += ["    if (result < 0)", "        return result;"]
    for position, a in outputs:
        lines += check(f"copy_out(arch_call_argument(self, {position}), &{a.name}_copy, sizeof({a.name}_copy))")
    return lines + ["    return result;", "}", ""]


def call_table(calls):
    """call_table.c."""
    modules = sorted({a.type for call in calls for a in call.arguments if a.kind == "handle"} - {"any"})
    modules = [{"endpoint": "ipc", "session": "ipc", "reply": "ipc"}.get(m, m) for m in modules]
    includes = sorted(set(modules) | {"call_arguments", "copy", "handle", "process", "thread"})
    lines = [BANNER] + [f"#include <kernel/{name}.h>" for name in includes] + [""]
    for call in calls:
        if not call.raw and call.arguments:
            lines += decoder(call)
    lines.append("const struct call_entry call_table[NATIVE_CALL_COUNT] = {")
    for call in calls:
        function = f"call_{call.name}" if call.raw or not call.arguments else f"decode_{call.name}"
        lines.append(f'    [{call.number}] = {{{function}, "{call.name}"}},')
    return lines + ["};"]


PARTS = {
    "abi": {"calls.h": calls_header, "native.h": native_header, "call_shapes.h": shapes_header,
            "calls.md": documentation},
    "kernel": {"call_arguments.h": arguments_header, "call_table.c": call_table},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("description", type=pathlib.Path)
    parser.add_argument("--output-dir", type=pathlib.Path, required=True)
    parser.add_argument("--part", choices=sorted(PARTS), required=True)
    options = parser.parse_args()
    with options.description.open("rb") as file:
        calls = [Call(number, table) for number, table in enumerate(tomllib.load(file)["call"])]
    options.output_dir.mkdir(parents=True, exist_ok=True)
    for name, make in PARTS[options.part].items():
        (options.output_dir / name).write_text("\n".join(make(calls)) + "\n")


if __name__ == "__main__":
    main()
