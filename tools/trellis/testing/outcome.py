# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What a test can end as, and the tally of a whole run."""

import dataclasses
import sys
import threading

from trellis import progress

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Skip(Exception):
    """Raised by a test that cannot be held here; says why."""


@dataclasses.dataclass
class TestResult:
    """One test's end; `message` is empty if it passed."""

    name: str
    result: str
    seconds: float
    message: str = ""


class Tally:
    """Collects results, from several threads, and tells the user of the slow and the failed."""

    def __init__(self, verbose, output=sys.stdout):
        self.results = []
        self._verbose = verbose
        self._output = output
        self._lock = threading.Lock()

    def add(self, result):
        """Takes one result."""
        with self._lock:
            self.results.append(result)
            slow = result.seconds > progress.PATIENCE_S
            if self._verbose or slow or result.result != PASSED:
                print(f"{result.result:8}{result.name} ({result.seconds:.1f} s)",
                      file=self._output, flush=True)
            if result.message:
                print("    " + result.message.replace("\n", "\n    "), file=self._output, flush=True)

    def count(self, result):
        """How many tests ended so."""
        return sum(1 for one in self.results if one.result == result)

    def summary(self):
        """The closing line."""
        skipped = self.count(SKIPPED)
        return (f"{self.count(PASSED)} passed, {self.count(FAILED)} failed"
                + (f", {skipped} skipped" if skipped else ""))
