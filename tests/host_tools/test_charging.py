# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""docs/charging.md says who pays for each thing that the kernel allocates, and a test exhausts it."""

import re
import tomllib

from trellis import paths

PAGE = (paths.TREE / "docs" / "charging.md").read_text()
EXHAUSTION = (paths.TREE / "tests" / "system" / "native" / "test_exhaustion.c").read_text()
# Made by init and drivers alone, which hold what they are made of.
OF_DEVICES = {"interrupt_create"}


def sources():
    for path in (paths.TREE / "kernel").rglob("*.c"):
        if not path.name.endswith("_test.c") and "host" not in path.parts:
            yield path, path.read_text()


def test_each_type_of_object_is_on_the_page():
    caches = {name for _, text in sources()
              for name in re.findall(r'(?:SLAB_CACHE\("|\{CACHE\()(\w+)', text)}
    assert len(caches) > 15
    assert not [name for name in sorted(caches) if f"`{name}`" not in PAGE]


def test_nothing_is_allocated_for_nobody_but_what_the_page_says():
    places = {path.name for path, text in sources() if re.search(r"_allocate(_zeroed)?\(NULL", text)}
    assert places <= {"slab.c", "time.c", "smp.c"}, places


def test_each_call_that_charges_an_account_is_exhausted():
    calls = tomllib.loads((paths.TREE / "abi" / "calls.toml").read_text())["call"]
    charging = {call["name"] for call in calls for argument in call["args"]
                if argument.get("handle") == "account" and "CHARGE" in argument["rights"]}
    missing = [name for name in sorted(charging - OF_DEVICES) if f"native_{name}(" not in EXHAUSTION]
    assert missing == ["process_clone"], missing # fork bombs: tests/system/test_hostile.py
