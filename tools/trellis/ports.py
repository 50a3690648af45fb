# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Third-party sources: fetched as ports/NAME/port.toml says, unpacked in build/ports/NAME."""

import dataclasses
import hashlib
import shutil
import tomllib

from trellis import command, errors, paths, private_root


@dataclasses.dataclass(frozen=True)
class Port:
    """The upstream tarball that a Debian source package carries."""

    name: str
    source: str
    version: str
    sha256: str


def read(name):
    """The port of this name."""
    text = (paths.TREE / "ports" / name / "port.toml").read_text()
    return Port(name=name, **tomllib.loads(text))


def prepare():
    """Has every port's sources in build/ports, fetching what the cache does not have."""
    for description in sorted((paths.TREE / "ports").glob("*/port.toml")):
        unpack(read(description.parent.name))


def unpack(port):
    """Directory with the sources of a port, unpacked once for each checksum."""
    target = paths.BUILD / "ports" / port.name
    stamp = target.with_suffix(".sha256")
    if stamp.exists() and stamp.read_text() == port.sha256:
        return target
    tarball = private_root.source_tarball(port.source, port.version)
    check(tarball, port)
    partial = target.with_suffix(".partial")
    for old in (target, partial):
        shutil.rmtree(old, ignore_errors=True)
    partial.mkdir(parents=True)
    command.output_of(["tar", "-x", "--strip-components=1", "-f", tarball, "-C", partial])
    partial.rename(target)
    stamp.write_text(port.sha256)
    return target


def check(tarball, port):
    """Failure unless the file has the pinned checksum."""
    found = hashlib.sha256(tarball.read_bytes()).hexdigest()
    if found != port.sha256:
        raise errors.Failure(f"{tarball.name} is not what ports/{port.name}/port.toml names: its "
                             f"SHA-256 is {found}; remove the file to fetch it anew")
