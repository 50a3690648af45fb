# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis image`: says that disk images are not there yet."""

from trellis import errors


def add_arguments(_parser):
    """No options yet."""


def main(_options):
    """Always fails, with what to do instead."""
    raise errors.Failure(
        "image: disk images are not there yet; ./trellis build makes the kernel image and the "
        "boot archive, which QEMU boots with -kernel and -initrd")
