# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The kernel's lines and image size against tools/line_budget.toml."""

import fnmatch
import struct
import tomllib

from trellis import paths
from trellis.lint.tree import Finding, count_lines, is_test

TABLE = "tools/line_budget.toml"


def table_of(tree):
    """The parsed budget."""
    return tomllib.loads(tree.text(TABLE))


def counted_files(tree):
    """The files that count: hand-written, no tests, no host port."""
    return [path for path in tree.matching(".c", ".h", ".S", under="kernel/")
            if not is_test(path) and not path.startswith("kernel/arch/host/")]


def measure(tree):
    """({part: lines}, [files of no part], {suffix: lines})."""
    table = table_of(tree)
    lines = {part["name"]: 0 for part in table["part"]}
    homeless, by_suffix = [], {".c": 0, ".h": 0, ".S": 0}
    for path in counted_files(tree):
        count = count_lines(tree.code(path))
        by_suffix[path[path.rindex("."):]] += count
        part = _part_of(table, path.removeprefix("kernel/"))
        if part is None:
            homeless.append(path)
        else:
            lines[part] += count
    return lines, homeless, by_suffix


def _part_of(table, path):
    for part in table["part"]:
        if any(fnmatch.fnmatch(path, pattern) for pattern in part["files"]):
            return part["name"]
    return None


def image_bytes(image):
    """Bytes that an ELF64 image's loadable segments take in the file."""
    data = image.read_bytes()
    offset, size, count = *struct.unpack_from("<Q", data, 32), *struct.unpack_from("<HH", data, 54)
    segments = (struct.unpack_from("<IIQQQQ", data, offset + size * n) for n in range(count))
    return sum(segment[5] for segment in segments if segment[0] == 1)


def check(tree):
    """Findings where a part, the total, the assembly or the image is over its limit."""
    table = table_of(tree)
    lines, homeless, by_suffix = measure(tree)
    findings = [Finding(path, 1, f"belongs to no part of {TABLE}") for path in homeless]
    for part in table["part"]:
        if lines[part["name"]] > part["lines"]:
            findings.append(Finding("kernel", 0, f"{part['name']}: {lines[part['name']]} lines, "
                                                 f"{part['lines']} allowed"))
    total = sum(by_suffix.values())
    if total > table["total_lines"]:
        findings.append(Finding("kernel", 0, f"{total} lines, {table['total_lines']} allowed"))
    if by_suffix[".S"] * 100 > total * table["assembly_percent"]:
        findings.append(Finding("kernel", 0, f"{by_suffix['.S']} lines of assembly in {total}: "
                                             f"over {table['assembly_percent']} %"))
    return findings + _check_image(tree, table)


def _check_image(tree, table):
    image = tree.root / paths.kernel_image("x86_64").relative_to(paths.TREE)
    if not image.exists() or image_bytes(image) <= table["image_bytes"]:
        return []
    return [Finding("kernel", 0, f"image of {image_bytes(image)} bytes, "
                                 f"{table['image_bytes']} allowed")]
