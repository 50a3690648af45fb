# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What the user is told while something takes long. Never on standard output."""

import sys
import threading
import time

PATIENCE_S = 2.0

quiet = False


def say(message):
    """Prints a line to standard error, unless --quiet."""
    if not quiet:
        print(f"trellis: {message}", file=sys.stderr, flush=True)


class Step:
    """A context manager that announces `message` if its body takes over two seconds."""

    def __init__(self, message):
        self.message = message
        self._timer = threading.Timer(PATIENCE_S, self._announce)
        self._timer.daemon = True

    def _announce(self):
        say(f"{self.message} ...")

    def __enter__(self):
        self._started = time.monotonic()
        self._timer.start()
        return self

    def __exit__(self, *_):
        self._timer.cancel()
        return False
