# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis bench`: medians, spreads, limits and `--json`, of systems that say what a test wants."""

import json
import re
import tomllib

import pytest

from trellis import bench, bench_systems, cli, paths

BENCHMARK = """
UNITS = {"calls": "instructions", "boot": "ms"}
AGAINST_LINUX = True
LIMITS = {"calls": %d}
RATIO_LIMITS = {"boot": 0.5}
RATIO_AIMS = {"boot": 0.2}
def measure(system):
    return system.figures()
"""


class Fake:
    """A system whose boots measure what is listed."""

    def __init__(self, name, boots):
        self.name, self._boots = name, list(boots)

    def figures(self):
        return self._boots.pop(0)


@pytest.fixture
def measured(monkeypatch, tmp_path, capsys):
    """Runs `./trellis bench` on fakes: (exit status, output)."""
    def run(*options, limit=1000, trellis=(100, 110, 90), linux=(400, 400, 400)):
        (tmp_path / "fake.py").write_text(BENCHMARK % limit)
        monkeypatch.setattr(bench, "declared", lambda: {"fake": tmp_path / "fake.py"})
        monkeypatch.setattr(bench, "SYSTEMS", {
            name: lambda architecture, name=name, values=values: Fake(name, [
                {"calls": value * 2, "boot": value} for value in values])
            for name, values in (("trellis", trellis), ("linux", linux))})
        monkeypatch.setattr(bench.host_packages, "ensure", lambda *_: None)
        monkeypatch.setattr(bench.build, "build_guest", lambda _: None)
        monkeypatch.setattr(bench.paths, "select_release", lambda: None)
        status = cli.main(["bench", *options])
        return status, capsys.readouterr().out
    return run


def test_json_has_medians_spreads_and_ratios(measured):
    status, output = measured("--json", "--against", "linux")
    told = json.loads(output)
    calls, boot = told["figures"]
    assert status == 0 and told["boots"] == 3 and "-cpu max" in told["emulator"]
    assert (calls["bench"], calls["figure"], calls["unit"]) == ("fake", "calls", "instructions")
    assert (calls["trellis"], calls["spread"]["trellis"]) == (200, 0.2), "(220 - 180) / 200"
    assert (boot["trellis"], boot["linux"], boot["ratio"], boot["spread"]["linux"]) == (100, 400, 0.25, 0)
    assert [(limit["figure"], limit["of"], limit["limit"], limit["must"], limit["holds"]) for limit in told["limits"]] == [
        ("calls", "trellis", 1000, True, True), ("boot", "ratio", 0.5, True, True), ("boot", "ratio", 0.2, False, False)]


def test_what_repeats_exactly_has_no_spread(measured):
    _, output = measured("--json", trellis=(7, 7, 7))
    assert [row["spread"]["trellis"] for row in json.loads(output)["figures"]] == [0, 0]


def test_a_limit_that_does_not_hold_is_the_exit_status(measured):
    assert measured("--json", limit=200)[0] == 0
    status, output = measured(limit=199)
    assert status == 1 and "calls: 200, limit 199: DOES NOT HOLD" in output
    status, output = measured("--against", "linux", linux=(150, 150, 150))
    assert status == 1 and "boot (ratio to Linux): 0.667, limit 0.5: DOES NOT HOLD" in output


def test_the_page_shows_spreads(measured):
    status, output = measured("--against", "linux")
    row = next(line.split() for line in output.splitlines() if line.startswith("calls "))
    assert status == 0 and row == ["calls", "200", "20.00%", "800", "0.00%", "0.250", "instructions"], output


def test_repeat_is_how_many_boots_there_are(measured):
    _, output = measured("--json", "--repeat", "1")
    assert (json.loads(output)["boots"], json.loads(output)["figures"][0]["trellis"]) == (1, 200)
    assert measured("--repeat", "0")[0] == 125


def test_limits_are_those_of_the_design():
    text = (paths.TREE / "tools/line_budget.toml").read_text()
    table = tomllib.loads(text)
    assert (table["total_lines"], table["image_bytes"]) == (15000, 500000)
    decision = re.search(r"^assembly_percent = .*# (docs/decisions/\S+)$", text, re.MULTILINE)
    assert table["assembly_percent"] <= 5 or (paths.TREE / decision[1]).exists(), "the design's, or a decision that says why not"
    limits = bench.load("size").LIMITS
    assert limits["lines: in all"] == 15000 and 500000 in limits.values()
    assert {f"lines: {part['name']}" for part in table["part"]} < set(limits)
    assert bench.load("boot").RATIO_LIMITS["boot"] == 0.5 and bench.load("boot").RATIO_AIMS["boot"] == 0.2


def test_every_figure_that_is_asked_for_is_declared():
    declared = {figure for name in bench.declared() for figure in getattr(bench.load(name), "UNITS", ())}
    assert {"boot", "memory", "getppid", "pipe_round_trip", "fork_exit_wait", "fork_exec_true"} <= declared
    rows = "".join(path.read_text() for path in (paths.TREE / "tests/system/native/bench").glob("*.c"))
    assert "kernel" in bench.declared() and all(f'"{name}"' in rows for name in ("null_call", "call_reply"))
    assert set(bench.SYSTEMS) == {"trellis", "linux"} and bench_systems.Linux.name == "linux"
