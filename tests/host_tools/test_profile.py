# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Profiles: stacks told from addresses alone, and the picture of them."""

import array
import bisect
from xml.etree import ElementTree

import pytest

from trellis import errors, flame, profile


class Image:
    """Functions at addresses; `within` says what is inlined where."""

    def __init__(self, functions, within=None):
        self.starts = sorted(functions)
        self._functions = functions
        self._within = within or {}

    def address(self, name):
        return next(start for start, each in self._functions.items() if each == name)

    def function(self, address):
        start = self.starts[bisect.bisect_right(self.starts, address) - 1]
        return start, self._functions[start]

    def inlined(self, addresses):
        return {address: self._within.get(address, []) for address in addresses}


KERNEL = Image({0x1000: "entry", 0x1100: "lock", 0x1200: "work"}, {0x1201: ["part"]})
PROGRAM = Image({0x10: profile.BEGIN, 0x20: profile.END, 0x30: "run"})


def stacks(*addresses):
    return dict(profile.Profile(array.array("Q", addresses), KERNEL, PROGRAM).stacks)


def test_calls_and_returns():
    found = stacks(0x10, 0x31, 0x1000, 0x1001, 0x1200, 0x1201, 0x1100, 0x1101, 0x1202, 0x1002, 0x32)
    assert found == {
        ("user", profile.BEGIN): 1,
        ("user", "run"): 2,
        ("kernel", "entry"): 3,
        ("kernel", "entry", "work"): 2,
        ("kernel", "entry", "work", "part"): 1,
        ("kernel", "entry", "work", "part", "lock"): 2,
    }


def test_a_return_to_nowhere_begins_a_stack():
    assert stacks(0x10, 0x1201)[("kernel", "work", "part")] == 1


def test_functions_own_and_with_calls():
    addresses = array.array("Q", [0x10, 0x1000, 0x1100, 0x1101, 0x1001] * 2)
    found = profile.Profile(addresses, KERNEL, PROGRAM)
    assert found.operations == 2
    rows = {name: (own, whole) for name, own, whole in found.by_function()}
    assert rows["entry"] == (4, 8) and rows["lock"] == (4, 4)


def test_nothing_executed():
    with pytest.raises(errors.Failure):
        stacks(0x31)


def test_flame_graph():
    text = flame.graph({("kernel", "a<b"): 30, ("kernel", "c", "d"): 10, ("user",): 60}, 10, "title")
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    boxes = {box.find(space + "title").text: box.find(space + "rect").attrib
             for box in root.iter(space + "g")}
    assert set(boxes) == {"kernel: 4.0", "a<b: 3.0", "c: 1.0", "d: 1.0", "user: 6.0"}
    assert float(boxes["a<b: 3.0"]["width"]) == 0.3 * flame.WIDTH
    assert float(boxes["d: 1.0"]["x"]) == 0.3 * flame.WIDTH
    assert float(boxes["d: 1.0"]["y"]) < float(boxes["c: 1.0"]["y"]) < float(boxes["kernel: 4.0"]["y"])
