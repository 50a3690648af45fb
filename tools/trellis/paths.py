# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Where things are: in the source tree, in the build directory, in the user's cache."""

import contextlib
import os
import pathlib

TREE = pathlib.Path(__file__).resolve().parents[2]
BUILD = TREE / "build"
HOST_BUILD = BUILD / "host"


_options = {"kind": ""}


def select_release():
    """From here on, what is built and booted is without debug checks."""
    _options["kind"] = "-release"


@contextlib.contextmanager
def release():
    """The same for what stands in the `with`; for one thread at a time."""
    before = _options["kind"]
    select_release()
    try:
        yield
    finally:
        _options["kind"] = before


def release_selected():
    """Whether it is so now."""
    return bool(_options["kind"])


def build_directory(architecture):
    """The Meson build directory of an architecture."""
    return BUILD / f"{architecture}{_options['kind']}"


def kernel_image(architecture):
    """The kernel's ELF image, with symbols."""
    return build_directory(architecture) / "kernel" / "trellis.elf"


def cache_directory():
    """A directory that outlives the build directory; made if it is not there.

    TRELLIS_CACHE, else trellis/ under XDG_CACHE_HOME, else ~/.cache/trellis.
    """
    chosen = os.environ.get("TRELLIS_CACHE")
    if not chosen:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        chosen = os.path.join(base, "trellis")
    path = pathlib.Path(chosen).absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


def log_directory():
    """Where logs of builds and guests go; made if it is not there."""
    path = BUILD / "logs"
    path.mkdir(parents=True, exist_ok=True)
    return path
