# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis test`: everything that can be checked, closing with `N passed, N failed`."""

import concurrent.futures
import dataclasses
import json
import os
import sys
import time
import traceback

from trellis import architectures, errors, host_packages, paths
from trellis.testing import groups
from trellis.testing.outcome import FAILED, PASSED, SKIPPED, Skip, Tally, TestResult

WORKERS = 2
GROUPS = ("lint", "unit", "tools", "model", "system")
TIERS = ("large", "crash", "torture", "bare")  # groups that run only when they are named
ON_ANOTHER_MACHINE = (
    "native", "baseline", "debian_programs", "processors", "terminal/", "front_door/output_and_status",
    "front_door/standard_input", "machines/", "trace/")
ON_SEVERAL_CPUS = (
    "native/affinity", "native/clone", "native/handles", "native/ipc", "native/memory", "native/processes",
    "native/streams", "native/torture", "native/translations", "native/waiting", "shell_script", "threads_glibc",
    "signals_glibc", "machine_glibc", "processors", "front_door/output_and_status", "front_door/standard_input",
    "native/wakeups", "native/budgets", "native/donation", "native/gas", "native/accounts", "native/other_machines",
    "machines/boot", "vectors", "restart/")
ON_EVERY_CHANGE = {  # the whole suite of the usual configuration, and of others what stands here
    configuration: () if configuration.usual
    else ON_SEVERAL_CPUS if configuration.cpus > 1 else ON_ANOTHER_MACHINE
    for configuration in groups.every_configuration()}
BUILDLESS_GROUPS = ("lint", "tools", "model", "large")


def add_arguments(parser):
    """Options of `test`."""
    parser.add_argument("selection", nargs="*",
                        help="names or parts of names, such as unit, system/shell, lint/includes")
    architectures.add_option(parser)
    parser.add_argument("--smp", type=int, default=1, metavar="N", help="processors of the guests")
    parser.add_argument("--every", action="store_true",
                        help="on every architecture, with one processor and with four")
    parser.add_argument("--change", action="store_true",
                        help="what runs on every change: all on x86-64, a part on others")
    parser.add_argument("--release", action="store_true",
                        help="system tests on the build without debug checks, which `run` boots")
    parser.add_argument("--list", action="store_true", help="print the names only")
    parser.add_argument("--verbose", action="store_true", help="a line for every test")
    parser.add_argument("--json", action="store_true", help="print all results as JSON")


def main(options):
    """Runs the selected tests; 0 if none failed and there was one."""
    if options.release:
        paths.select_release()
    tally = Tally(options.verbose, sys.stderr if options.json else sys.stdout)
    tests = []
    for configuration, selection in configurations(options).items():
        host_packages.ensure("test", configuration.architecture)
        built = needs_build(selection) and run_one(*groups.build_test(configuration), tally)
        tests += [test for test in find(configuration, built) if selected(test[0], selection)]
    if options.list:
        print("\n".join(name for name, _ in tests))
        return 0
    run_all(tests, tally)
    if not tests and tally.count(FAILED) == 0:
        raise errors.Failure(f"no test's name has {' or '.join(options.selection)}; "
                             "./trellis test --list prints the names")
    if options.json:
        counts = {kind: tally.count(kind) for kind in (PASSED, FAILED, SKIPPED)}
        results = [dataclasses.asdict(result) for result in tally.results]
        print(json.dumps({**counts, "tests": results}, indent=2))
    print(tally.summary(), file=sys.stderr if options.json else sys.stdout, flush=True)
    return int(tally.count(FAILED) > 0)


def configurations(options):
    """What the tests shall run on, and which are wanted there."""
    if options.change:
        return ON_EVERY_CHANGE
    if options.every:
        return dict.fromkeys(groups.every_configuration(), options.selection)
    architectures.get(options.arch).check_cpus(options.smp)
    return {groups.Configuration(options.arch, options.smp): options.selection}


def find(configuration, built):
    """All tests; those that need the build only if it stands (it has failed otherwise).

    What does not run in a guest belongs to the usual configuration.
    """
    tests = []
    if configuration.usual:
        tests += groups.lint_tests() + groups.tools_tests() + groups.model_tests()
    if built and configuration.usual:
        tests += groups.unit_tests()
    if built:
        tests += groups.system_tests(configuration)
    return tests


def needs_build(selection):
    """Whether a selection may take in tests of what is built."""
    return not selection or any(
        word.partition("/")[0] not in BUILDLESS_GROUPS for word in selection)


def selected(name, selection):
    """Whether a test is wanted: no selection, or a part of its name; its tier by name."""
    named = any(name == word or name.startswith(word + "/") for word in selection)
    if name.partition("/")[0] in TIERS:
        return named
    return named or not selection or any(word not in GROUPS and word in name for word in selection)


def run_all(tests, tally):
    """Runs tests, two at a time: there are at most two emulators."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for future in [pool.submit(run_one, name, test, tally) for name, test in tests]:
            future.result()


def run_one(name, test, tally):
    """Runs one test and tells the tally; whether it passed."""
    started = time.monotonic()
    result, message = PASSED, ""
    try:
        test()
    except Skip as skip:
        result, message = SKIPPED, str(skip)
    except errors.Failure as failure:
        result, message = FAILED, str(failure)
    except AssertionError as failure:
        result, message = FAILED, _where(failure) + (str(failure) or "assertion failed")
    except Exception:
        result, message = FAILED, traceback.format_exc()
    tally.add(TestResult(name, result, time.monotonic() - started, message))
    return result == PASSED


def _where(failure):
    """The test's own line that failed, as FILE:LINE: CODE."""
    frames = [frame for frame in traceback.extract_tb(failure.__traceback__)
              if "/tests/" in frame.filename]
    path = os.path.relpath(frames[-1].filename) if frames else ""
    return f"{path}:{frames[-1].lineno}: {frames[-1].line}\n" if frames else ""
