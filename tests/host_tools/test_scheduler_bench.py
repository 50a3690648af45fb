# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The scheduler's benchmark: it compiles with the kernel's module, decides, and draws."""

import subprocess
import xml.etree.ElementTree

from trellis import bench

SVG = "{http://www.w3.org/2000/svg}"


def loaded(tmp_path):
    module = bench.load("scheduler")
    module.OUTPUT = tmp_path
    module.PROGRAM = tmp_path / "scheduler"
    module.compile_program()
    return module


def decide(module, policy, tasks):
    return subprocess.run([module.PROGRAM, "decide", policy, str(tasks), "100"], check=False).returncode


def test_every_policy_decides(tmp_path):
    module = loaded(tmp_path)
    assert [decide(module, policy, 10) for policy in module.POLICIES] == [0] * len(module.POLICIES)
    assert decide(module, "none such", 10) != 0


def test_a_chart_has_a_line_for_each(tmp_path):
    plotter = bench.load("scheduler")._plotter()
    text = plotter.chart("a & b", "tasks", {"one": [(1, 0.0), (100, 3)], "two": [(1, 2), (100, 5)]})
    lines = xml.etree.ElementTree.fromstring(text).findall(f"{SVG}polyline")
    assert len(lines) == 2
    heights = [float(point.split(",")[1]) for point in lines[0].get("points").split()]
    assert heights[0] > heights[1]  # the greater is drawn higher
