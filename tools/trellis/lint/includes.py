# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The direction of includes, their order, and cycles among the libraries.

abi -> kernel; abi + protocols -> lib -> drivers, servers, posix -> system. A program
may include what is its own, never another program's headers.
"""

import re

from trellis.lint.tree import Finding, is_test

ALLOWED = {
    "abi": {"abi"},
    "protocols": {"abi", "protocols"},
    "kernel": {"abi", "kernel"},
    "boot": {"abi", "kernel", "boot"},
    "lib": {"abi", "protocols", "lib"},
    "drivers": {"abi", "protocols", "lib"},
    "servers": {"abi", "protocols", "lib"},
    "posix": {"abi", "protocols", "lib", "posix"},
}
# The kernel's log and panic go over the framed console before any server runs; there is
# one reader of device trees, and one list.
EXCEPTIONS = {("kernel", "protocols/console.h"), ("kernel", "list/list.h"), ("boot", "list/list.h"),
              ("boot", "protocols/console.h"), ("boot", "device_tree/tree.h")}
# Headers of ports, and the parts that use them.
PORTS = {("lib", "libfdt.h")}
GENERATED = {"trellis": "abi", "kernel": "kernel"}
FREESTANDING = {"float.h", "iso646.h", "limits.h", "stdalign.h", "stdarg.h", "stdatomic.h",
                "stdbool.h", "stddef.h", "stdint.h", "stdnoreturn.h", "cpuid.h"}
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def included(tree, path):
    """[(line, quoted or not, name)] of a file's #include lines."""
    text = tree.text(path)
    return [(text.count("\n", 0, found.start()) + 1, found[1] == '"', found[2])
            for found in _INCLUDE.finditer(text)]


def owners_of(tree):
    """{first folder of an include name: folder that provides it}, such as base: lib/base."""
    owners = dict(GENERATED)
    for path in tree.matching(".h"):
        before, found, name = path.rpartition("/include/") if "/include/" in path else ("", "", "")
        if found and "/" in name:
            folder = name.split("/")[0]
            owners.setdefault(folder, before.split("/arch/")[0])
    return owners


def check(tree):
    """Findings for every include against the order, and for cycles in lib/."""
    owners = owners_of(tree)
    findings, edges = [], {}
    for path in tree.matching(".c", ".h", ".S"):
        part = path.split("/")[0]
        if part not in ALLOWED or is_test(path) or path.startswith("kernel/arch/host/"):
            continue
        for line, quoted, name in included(tree, path):
            message = _complaint(tree, owners, path, quoted, name)
            if message:
                findings.append(Finding(path, line, message))
            owner = owners.get(name.split("/")[0], "")
            if part == "lib" and owner.startswith("lib/") and not path.startswith(owner + "/"):
                edges.setdefault("/".join(path.split("/")[:2]), set()).add(owner)
        findings += _own_header_first(tree, path)
    return findings + [Finding(cycle[0], 0, "libraries include each other: " + " -> ".join(cycle))
                       for cycle in _cycles(edges)]


def _complaint(tree, owners, path, quoted, name):
    """What is wrong with one include, or None."""
    part = path.split("/")[0]
    folder = path.rpartition("/")[0]
    if quoted and "../" in name:
        return f'"{name}" climbs out of its folder'
    if quoted and (f"{folder}/{name}" in tree.files or f"{home_of(path)}/{name}" in tree.files):
        return None
    if (part, name) in PORTS:
        return None
    if "/" not in name:
        return None if name in FREESTANDING or quoted else f"<{name}> is not a freestanding header"
    owner = owners.get(name.split("/")[0])
    if (part, name) in EXCEPTIONS:
        return None
    if owner is None:
        return None if quoted else f"<{name}> belongs to no part of the tree"
    if owner.split("/")[0] in ALLOWED[part] or owner == home_of(path):
        return None
    return f"{part} must not include <{name}> of {owner}"


def home_of(path):
    """The program or library a file belongs to: servers/tty, drivers/uart/ns16550."""
    words = path.split("/")
    depth = {"drivers": 3, "servers": 2, "lib": 2}.get(words[0], 1)
    return "/".join(words[:depth])


def _own_header_first(tree, path):
    """A finding if a .c file includes its own header, but not first."""
    if not path.endswith(".c"):
        return []
    stem = path.rpartition("/")[2].removesuffix(".c")
    names = [(line, name) for line, _, name in included(tree, path)]
    for place, (line, name) in enumerate(names):
        if name.rpartition("/")[2] == f"{stem}.h" and place > 0 and _samehome_of(tree, path, name):
            return [Finding(path, line, f"its own header {name} must be included first")]
    return []


def _samehome_of(tree, path, name):
    return any(file.endswith("/" + name) and home_of(file) == home_of(path) for file in tree.files)


def _cycles(edges):
    """Cycles in {folder: set of folders}, each once."""
    found, done = [], set()

    def visit(node, trail):
        if node in trail:
            found.append([*trail[trail.index(node):], node])
        elif node not in done:
            for target in sorted(edges.get(node, ())):
                visit(target, [*trail, node])
            done.add(node)

    for start in sorted(edges):
        visit(start, [])
    return found
