# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The groups of tests: each gives names and runs those that were selected.

A test's name is GROUP/WHAT. `find` lists (name, callable); the callable returns
nothing, raises Skip, or raises anything else, which is a failure.
"""

import dataclasses
import importlib.util
import inspect
import json
import os
import subprocess
import sys

from trellis import architectures, build, command, errors, paths
from trellis.lint import command as lint_command
from trellis.lint.tree import Tree
from trellis.testing import models
from trellis.testing.guest_api import Guest

SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}
UNIT_LIMIT_S = 600
CPU_COUNTS = (1, 4)
TOOLS_LIMIT_S = 600


def lint_tests():
    """One test per checker."""
    tree = Tree(paths.TREE)

    def checker(name):
        def run_it():
            findings = lint_command.run_check(name, tree)
            if findings:
                raise AssertionError("\n".join(findings[:40]))
        return run_it

    return [(f"lint/{name}", checker(name)) for name in lint_command.CHECKS]


def unit_tests():
    """One test per unit-test program of build/host."""
    listing = command.output_of(["meson", "introspect", "--tests", paths.HOST_BUILD])

    def program(test):
        def run_it():
            done = subprocess.run(
                test["cmd"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                errors="replace", cwd=test["workdir"] or paths.HOST_BUILD, check=False,
                timeout=UNIT_LIMIT_S, env={**os.environ, **SANITIZERS, **test["env"]})
            if done.returncode != 0:
                raise AssertionError((done.stdout + done.stderr)[-6000:])
        return run_it

    return [(f"unit/{test['name']}", program(test)) for test in json.loads(listing)]


def tools_tests():
    """One test per file of tests/host_tools, run by pytest."""
    def file_runner(path):
        def run_it():
            done = subprocess.run(
                [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", path],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                timeout=TOOLS_LIMIT_S, cwd=paths.TREE)
            if done.returncode != 0:
                raise AssertionError(done.stdout[-6000:] + done.stderr[-2000:])
        return run_it

    files = sorted((paths.TREE / "tests" / "host_tools").glob("test_*.py"))
    return [(f"tools/{path.stem.removeprefix('test_')}", file_runner(path)) for path in files]


def model_tests():
    """One test per Spin model, and its large configuration."""
    return ([(f"model/{name}", test) for name, test in models.tests("small")]
            + [(f"large/{name}", test) for name, test in models.tests("large")])


@dataclasses.dataclass(frozen=True)
class Configuration:
    """What system tests run on; in their names where it is not the usual one."""

    architecture: str = architectures.DEFAULT
    cpus: int = 1

    @property
    def usual(self):
        """Whether it is the one that all other groups belong to."""
        return self == Configuration()

    @property
    def suffix(self):
        """What it adds to the name of a test: @aarch64, @x86_64-smp4, or nothing."""
        if self.usual:
            return ""
        return f"@{self.architecture}" + (f"-smp{self.cpus}" if self.cpus > 1 else "")


def every_configuration():
    """All architectures, with one processor and, where the kernel starts them, with four."""
    return [Configuration(of.name, cpus) for of in architectures.ALL.values()
            for cpus in CPU_COUNTS if cpus <= of.cpus_max]


def system_tests(configuration):
    """One test per test_ function of tests/system/*.py; crash_, torture_ and bare_ functions are groups of their own."""
    def in_guest(name, function):
        return lambda: function(Guest(name, configuration.architecture, configuration.cpus))

    found = []
    for path in sorted((paths.TREE / "tests" / "system").glob("test_*.py")):
        module = _load(path)
        groups = {"test": f"system/{path.stem.removeprefix('test_')}", "crash": "crash", "torture": "torture",
                  "bare": "bare"}
        for name, function in inspect.getmembers(module, inspect.isfunction):
            kind, _, what = name.partition("_")
            if kind in groups and what and function.__module__ == module.__name__:
                full = f"{groups[kind]}/{what}{configuration.suffix}"
                found.append((full, in_guest(full, function)))
    return found


def build_test(configuration):
    """The build itself, as the first test."""
    def run_it():
        with paths.release():  # what the front door boots
            build.build_guest(configuration.architecture)
        build.build_guest(configuration.architecture)
        if configuration.usual:
            build.build_host()
        if not architectures.get(configuration.architecture).boot_image.exists():
            raise errors.Failure(f"there is no kernel for {configuration.architecture} yet")
    return ("build" + configuration.suffix, run_it)


def _load(path):
    specification = importlib.util.spec_from_file_location(f"system_{path.stem}", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
