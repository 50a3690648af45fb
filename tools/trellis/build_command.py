# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis build`: compiles, and packs the boot archive."""

import json
import os

from trellis import architectures, boot_archive, build, host_packages, paths
from trellis.lint import budget


def add_arguments(parser):
    """Options of `build`."""
    architectures.add_option(parser)
    build.add_option(parser)
    parser.add_argument("--host", action="store_true", help="the unit tests instead")
    parser.add_argument("--json", action="store_true", help="print what was made as JSON")


def main(options):
    """Builds; 0, or Failure with the compiler's messages."""
    architectures.get(options.arch)
    if options.host:
        host_packages.ensure("test", options.arch)
        build.build_host()
        return 0
    host_packages.ensure("build", options.arch)
    build.select(options)
    build.build_guest(options.arch)
    made = {}
    kernel = paths.kernel_image(options.arch)
    if kernel.exists():
        made["kernel"] = {"path": os.path.relpath(kernel), "bytes": budget.image_bytes(kernel)}
    if "init" in boot_archive.installed(options.arch, False):
        archive = boot_archive.default(options.arch)
        made["archive"] = {"path": os.path.relpath(archive), "bytes": archive.stat().st_size}
    if options.json:
        print(json.dumps(made, indent=2))
    else:
        for what, details in made.items():
            print(f"{what}: {details['path']}, {details['bytes']} bytes")
    return 0
