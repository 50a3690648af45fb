# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The host's terminal: raw while a guest has it, restored whatever happens."""

import fcntl
import os
import struct
import termios
import tty

LEAVE_SCREEN = b"\x1b[?1049l\x1b[?25h\x1b[0m\r\n"


class RawTerminal:
    """A context manager: `fd`'s terminal is raw inside, as it was after."""

    def __init__(self, fd):
        self._fd = fd
        self._saved = None

    def __enter__(self):
        self._saved = termios.tcgetattr(self._fd)
        self.make_raw()
        return self

    def make_raw(self):
        """Raw again: after a stop and continue from outside."""
        tty.setraw(self._fd, termios.TCSADRAIN)

    def __exit__(self, *_):
        termios.tcsetattr(self._fd, termios.TCSADRAIN, self._saved)


def reset_screen(fd):
    """Undoes what an interrupted full-screen program may have left on the screen."""
    os.write(fd, LEAVE_SCREEN)


def window_size(fd):
    """(rows, columns, width and height in pixels) of a terminal."""
    packed = fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8)
    rows, columns, x_pixels, y_pixels = struct.unpack("HHHH", packed)
    return rows, columns, x_pixels, y_pixels
