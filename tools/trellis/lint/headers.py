# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Every header compiles alone, with the include directories of its part."""

import concurrent.futures
import subprocess

from trellis.lint.includes import home_of
from trellis.lint.tree import Finding, is_test

FLAGS = ["-std=gnu17", "-fsyntax-only", "-ffreestanding", "-nostdlibinc", "-Wall", "-Wextra",
         "-Werror", "-Wno-unused-parameter", "-Wno-unused-function",
         "--target=x86_64-unknown-linux-gnu", "-mgeneral-regs-only", "-DTRELLIS_DEBUG=1"]
ARCHITECTURE = "x86_64"
PARTS = ("abi", "protocols", "kernel", "boot", "lib", "drivers", "servers", "posix")


def check(tree):
    """Findings for headers that need another to be included first."""
    headers = [path for path in tree.matching(".h")
               if path.split("/")[0] in PARTS and not is_test(path) and _is_native(path)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda path: _compile(tree, path), headers)
    return [Finding(path, 1, f"does not compile alone: {answer}")
            for path, answer in zip(headers, answers) if answer]


def _is_native(path):
    """Not another architecture's."""
    words = path.split("/")
    return "arch" not in words[:-1] or ARCHITECTURE in words or "include" in words[:words.index(
        "arch")]


def include_directories(tree, path):
    """What the build gives to the part that `path` belongs to."""
    found = set()
    for header in tree.matching(".h"):
        before, include, _ = header.partition("/include/")
        if include and _is_native(before + "/x") and _may_see(path, before):
            found.add(before + include)
    part = path.split("/")[0]
    found |= {path.rpartition("/")[0], home_of(path), part}
    return sorted(found)


def _may_see(path, provider):
    part, owner = path.split("/")[0], provider.split("/")[0]
    if owner in ("posix", "boot"):
        return part == owner
    if owner in ("drivers", "servers"):
        return path.startswith(provider + "/")
    if part in ("kernel", "boot"):
        return owner in ("abi", "kernel", "protocols")
    return owner in ("abi", "protocols", "lib")


def _compile(tree, path):
    directories = include_directories(tree, path)
    generated = [f"build/{ARCHITECTURE}/{name}" for name in directories]
    arguments = [f"-I{tree.root / name}" for name in [*directories, *generated]]
    kernel = ["-DTRELLIS_KERNEL=1"] if path.split("/")[0] in ("kernel", "boot") else []
    done = subprocess.run(
        ["clang", *FLAGS, *kernel, *arguments, "-include", str(tree.root / path), "-x", "c",
         "/dev/null"], capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if "error:" in line]
    return (lines or ["clang failed"])[0].rpartition("error: ")[2] if done.returncode else None
