# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The baselines of `bench kernel`: what passes, what fails, and how one is set."""

import pytest

from trellis import bench

SETTING = {"compiler": "clang 1", "cpu": "some"}


@pytest.fixture
def kernel(monkeypatch, tmp_path):
    module = bench.load("kernel")
    monkeypatch.setattr(module, "baseline_path", lambda name: tmp_path / f"{name}.toml")
    monkeypatch.setattr(module, "setting", lambda name: SETTING)
    module.set_baseline(rows(null_call=100, page_fault=1000), "x86_64", 'first "measured"')
    return module


def rows(**figures):
    return [{"figure": name, "trellis": count} for name, count in figures.items()]


def test_three_percent(kernel):
    assert kernel.verdicts(rows(null_call=103, page_fault=1030), "x86_64") == []
    worse, = kernel.verdicts(rows(null_call=104, page_fault=900), "x86_64")
    assert (worse["figure"], worse["limit"], worse["must"], worse["holds"]) == ("null_call", 103, True, False)


def test_small_rows_may_gain_an_instruction(kernel):
    kernel.set_baseline(rows(lookup=30), "x86_64", "small")
    assert kernel.verdicts(rows(lookup=32), "x86_64") == []
    assert kernel.verdicts(rows(lookup=33), "x86_64") != []


def test_the_general_path_is_held_to_the_fast_one(kernel):
    kernel.set_baseline(rows(call_reply=100, call_reply_text=310, call_reply_until=290), "x86_64", "calls")
    assert kernel.verdicts(rows(call_reply=100, call_reply_text=300, call_reply_until=295), "x86_64") == []
    worse, = kernel.verdicts(rows(call_reply=100, call_reply_text=301), "x86_64")
    assert (worse["figure"], worse["limit"]) == ("call_reply_text", 300)


def test_an_unknown_row_fails(kernel):
    assert [each["figure"] for each in kernel.verdicts(rows(other=1), "x86_64")] == ["other"]


def test_another_compiler_only_says_so(kernel, monkeypatch):
    monkeypatch.setattr(kernel, "setting", lambda name: {**SETTING, "compiler": "clang 2"})
    worse, = kernel.verdicts(rows(page_fault=2000), "x86_64")
    assert not worse["must"]


def test_reasons_are_kept(kernel):
    kernel.set_baseline(rows(null_call=90), "x86_64", "cheaper")
    found = kernel.baseline_of("x86_64")
    assert found["reasons"] == ['first "measured"', "cheaper"]
    assert found["instructions"] == {"null_call": 90}


def test_every_architecture_has_one():
    module = bench.load("kernel")
    for name in ("x86_64", "aarch64", "riscv64"):
        known = module.baseline_of(name)
        assert set(module.sel4(name)) <= set(known["instructions"])
        assert known["reasons"] and known["compiler"] and known["cpu"]
