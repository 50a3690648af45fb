# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Running host commands whose output matters only when they fail."""

import os
import subprocess

from trellis import errors, paths

SHOWN_LINES = 40


def run_logged(arguments, log_name, advice, environment=None, directory=None):
    """Runs a command with its output in build/logs/LOG_NAME.log.

    Raises Failure if it fails: with the log's lines that speak of errors, or else its
    last ones, and with `advice`.
    """
    log = paths.log_directory() / f"{log_name}.log"
    with open(log, "wb") as output:
        status = subprocess.run(
            [str(word) for word in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd=directory or paths.TREE,
            check=False,
        ).returncode
    if status != 0:
        lines = log.read_text(errors="replace").splitlines()
        telling = [line for line in lines if "error" in line.lower()] or lines
        tail = "\n".join(telling[-SHOWN_LINES:])
        raise errors.Failure(f"{tail}\n{advice} (whole output: {os.path.relpath(log)})")


def output_of(arguments, environment=None):
    """Standard output of a command as text; Failure with its stderr if it fails."""
    done = subprocess.run(
        [str(word) for word in arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").strip()
        raise errors.Failure(f"{arguments[0]} failed: {message}")
    return done.stdout.decode(errors="replace")
