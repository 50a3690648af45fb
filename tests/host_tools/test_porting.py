# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""docs/porting.md is what the ports are: its folders, headers, files and functions are those of the tree."""

import itertools
import re

import pytest

from trellis import architectures, paths

PAGE = (paths.TREE / "docs" / "porting.md").read_text()
MACHINES = sorted(architectures.ALL)
PORTS = [*MACHINES, "host"]
SPAN = re.compile(r"`([^`\n]+)`")
DECLARED = re.compile(r"^[\w\s*]*?\b(arch_\w+)\(", re.MULTILINE)
# Where a port may have what the contract asks of it.
PLACES = ("kernel/include/arch", "kernel/arch/{0}", "kernel/arch/radix", "kernel/arch/shared", "kernel/arch/without", "boot/{0}")


def step(number):
    """The text of one step."""
    return re.search(rf"^## {number}\. .*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL).group()


def table(heading):
    """The files in the first column of the table that begins so."""
    rows = re.search(rf"^\| {heading} \|.*?(?=^$|\Z)", PAGE, re.MULTILINE | re.DOTALL).group().splitlines()[2:]
    return {name for row in rows for name in SPAN.findall(row.split("|")[1])}


def sources(folder):
    return {path.name for path in folder.glob("*.[cS]") if not path.name.endswith("_test.c")}


def contract(header):
    """The functions that a header of the contract declares."""
    return set(DECLARED.findall((paths.TREE / "kernel" / "include" / "arch" / header).read_text()))


def is_defined(function, port):
    definition = re.compile(rf"^\w[^;#\n]*\b{function}\([^;{{]*\{{", re.MULTILINE)
    assembly = re.compile(rf"^{function}:", re.MULTILINE)
    files = itertools.chain.from_iterable(
        (paths.TREE / place.format(port)).rglob("*.[chS]") for place in PLACES)
    return any((assembly if path.suffix == ".S" else definition).search(path.read_text()) for path in files)


@pytest.mark.parametrize("name", MACHINES)
def test_every_place_that_is_named_with_arch_is_there(name):
    named = {span for span in SPAN.findall(PAGE) if "/" in span and "ARCH" in span and " " not in span}
    assert len(named) > 8
    wrong = [span for span in named - {"arch/ARCH"} if not (paths.TREE / span.replace("ARCH", name)).exists()]
    assert not wrong, wrong


@pytest.mark.parametrize("name", MACHINES)
def test_headers_of_a_port(name):
    abi = {f"abi/arch/{name}/include/{header}" for header in table("header")}
    named = {span for span in SPAN.findall(step(4)) if re.fullmatch(r"arch/\w+\.h", span)}
    own = {header for header in named if not (paths.TREE / "kernel/include" / header).exists()}
    assert len(abi) == 3 and len(own) >= 3, own
    missing = [path for path in abi | {f"kernel/arch/{name}/include/{header}" for header in own}
               if not (paths.TREE / path).exists()]
    assert not missing, missing


def test_the_table_of_the_example_machine_is_its_folder():
    folder = paths.TREE / "kernel" / "arch" / "aarch64"
    assert {name for name in table("AArch64's file") if "/" not in name} == sources(folder)


def test_the_table_of_the_host_is_its_folder():
    assert table("host's file") == sources(paths.TREE / "kernel" / "arch" / "host")
    assert table("host's file") == {
        path for path in re.findall(r"'arch/host/(\w+\.c)'", (paths.TREE / "kernel" / "meson.build").read_text())}


def test_headers_of_the_host():
    folder = paths.TREE / "posix" / "arch" / "host" / "include"
    named = {span for span in SPAN.findall(step(7)) if span.startswith("posix/arch/host/")}
    assert named == {str(path.relative_to(paths.TREE)) for path in folder.rglob("*.h")}


@pytest.mark.parametrize("port", PORTS)
def test_every_function_of_the_contract_is_somewhere_in_the_port(port):
    headers = [path.name for path in (paths.TREE / "kernel" / "include" / "arch").glob("*.h")]
    assert {f"`{header}`" in step(4) or f"`arch/{header}`" in step(4) for header in headers} == {True}
    functions = set().union(*map(contract, headers))
    assert len(functions) > 30
    missing = {function for function in functions if not is_defined(function, port)}
    excused = {span for span in SPAN.findall(step(4)) if span.startswith("arch_")} if port == "host" else set()
    assert missing == excused, missing ^ excused
