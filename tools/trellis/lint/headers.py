# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Every header compiles alone, with the include directories of its part."""

import concurrent.futures
import re
import subprocess

from trellis import architectures
from trellis.lint.includes import home_of
from trellis.lint.tree import Finding, is_test

FLAGS = ["-std=gnu17", "-fsyntax-only", "-ffreestanding", "-nostdlibinc", "-Wall", "-Wextra",
         "-Werror", "-Wno-unused-parameter", "-Wno-unused-function", "-DTRELLIS_DEBUG=1"]
ARCHITECTURE_FLAGS = {"x86_64": ["-mgeneral-regs-only"], "aarch64": ["-mgeneral-regs-only"],
                      "riscv64": ["-march=rv64imac", "-mabi=lp64"]}
PARTS = ("abi", "protocols", "kernel", "boot", "lib", "drivers", "servers", "posix")


def check(tree):
    """Findings for headers that need another to be included first."""
    headers = [path for path in tree.matching(".h")
               if path.split("/")[0] in PARTS and not is_test(path) and architecture_of(path)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda path: _compile(tree, path), headers)
    return [Finding(path, 1, f"does not compile alone: {answer}")
            for path, answer in zip(headers, answers) if answer]


def architecture_of(path):
    """The architecture to compile a header for: its own, else the usual; None: the host's."""
    found = re.search(r"(?:^boot|/arch)/(\w+)/", path.partition("/include/")[0] + "/")
    if found is None or found[1] in ARCHITECTURE_FLAGS:
        return found[1] if found else architectures.DEFAULT
    return None


def include_directories(tree, path):
    """What the build gives to the part that `path` belongs to."""
    found = set()
    for header in tree.matching(".h"):
        before, include, _ = header.partition("/include/")
        own = architecture_of(header) == architecture_of(path) or "/arch/" not in before + "/"
        if include and own and _may_see(path, before):
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
        return owner in ("abi", "kernel", "protocols") or provider == "lib/list"
    return owner in ("abi", "protocols", "lib")


def _compile(tree, path):
    directories = include_directories(tree, path)
    generated = [f"build/{architectures.DEFAULT}/{name}" for name in directories]
    arguments = [f"-I{tree.root / name}" for name in [*directories, *generated]]
    architecture = architecture_of(path)
    flags = [*FLAGS, f"--target={architecture}-unknown-linux-gnu",
             *ARCHITECTURE_FLAGS[architecture]]
    kernel = ["-DTRELLIS_KERNEL=1"] if path.split("/")[0] in ("kernel", "boot") else []
    done = subprocess.run(
        ["clang", *flags, *kernel, *arguments, "-include", str(tree.root / path), "-x", "c",
         "/dev/null"], capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if "error:" in line]
    return (lines or ["clang failed"])[0].rpartition("error: ")[2] if done.returncode else None
