# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Exit codes of the front door and the exception that carries them."""

import enum


class Exit(enum.IntEnum):
    """What `./trellis` exits with when it is not a guest program's own status."""

    PANIC = 120
    OUT_OF_MEMORY = 121
    EMULATOR_CRASH = 122
    NO_BOOT = 123
    TIMEOUT = 124
    OURS = 125
    NOT_EXECUTABLE = 126
    NOT_FOUND = 127


class Failure(Exception):
    """An error for the user: a message that says what to do next, and the exit code."""

    def __init__(self, message, code=Exit.OURS):
        super().__init__(message)
        self.code = code
