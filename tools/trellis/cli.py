# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The front door's commands and their common behaviour: help, errors, exit codes."""

import argparse
import importlib
import sys

from trellis import errors

COMMANDS = {
    "run": "build, boot, and give a shell or one command's output and status",
    "test": "unit tests, checks, and tests in the emulator",
    "bench": "the figures, and the same work on Linux",
    "build": "compile, and pack the boot archive",
    "debug": "gdb attached to a guest, with symbols",
    "fmt": "format C files",
    "lint": "check layering, budgets, shape and format",
    "image": "disk images (not there yet)",
}
MODULES = {"test": "testing.command", "build": "build_command", "lint": "lint.command"}


def parser_of(arguments):
    """The parser of one command line: with the options of the command that it names."""
    parser = argparse.ArgumentParser(
        prog="./trellis",
        description="Trellis, a capability microkernel operating system.",
        epilog="./trellis COMMAND --help tells a command's options.",
    )
    commands = parser.add_subparsers(dest="command_name", metavar="COMMAND", required=True)
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary)
        if name == chosen:
            module = importlib.import_module(f"trellis.{MODULES.get(name, name)}")
            module.add_arguments(sub)
            sub.set_defaults(main=module.main)
    return parser


def main(arguments):
    """Runs one command line; its exit code. Messages go to standard error."""
    try:
        options = parser_of(arguments).parse_args(arguments)
        return int(options.main(options))
    except errors.Failure as failure:
        print(f"trellis: {failure}", file=sys.stderr)
        return int(failure.code)
    except KeyboardInterrupt:
        return 130
    except SystemExit as ended:
        return errors.Exit.OURS if ended.code == 2 else ended.code

