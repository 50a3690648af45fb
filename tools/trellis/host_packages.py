# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Debian packages of the host: which a command needs, and getting them with apt."""

import os
import shlex
import shutil
import subprocess

from trellis import command, errors, paths, progress

LIST = paths.TREE / "tools" / "packages.txt"


def parse_list(text):
    """[(package, set of commands, set of architectures)] from the text of tools/packages.txt."""
    rows = []
    for line in text.splitlines():
        needs, _, architectures = line.partition("#")[0].partition(" on ")
        words = needs.split()
        if words:
            rows.append((words[0], set(words[1:]), set(architectures.split())))
    return rows


def needed_for(command_name, architecture=""):
    """Packages that a command needs; those of `build` are needed by all."""
    wanted = {"build", command_name} if command_name not in ("fmt", "lint") else {command_name}
    return [name for name, commands, architectures in parse_list(LIST.read_text())
            if commands & wanted and (not architectures or architecture in architectures)]


def missing(names):
    """Those of `names` that dpkg does not list as installed."""
    if shutil.which("dpkg-query") is None:
        raise errors.Failure(
            "this is not a Debian system (no dpkg-query): install these by hand and use a "
            "Debian 12 container or machine: " + " ".join(names)
        )
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    installed = {
        line.split()[1] for line in done.stdout.splitlines() if line.startswith("installed ")
    }
    return [name for name in names if name not in installed]


def ensure(command_name, architecture=""):
    """Installs what a command needs and is not there: as root, or by sudo, else Failure."""
    names = missing(needed_for(command_name, architecture))
    if not names:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *names]
    prefix = _root_prefix()
    if prefix is None:
        raise errors.Failure(
            "host packages are missing. Type, as root:\n"
            f"    apt-get update && {shlex.join(install)}"
        )
    progress.say("installing host packages: " + " ".join(names))
    quiet_apt = ["-o", "DPkg::Lock::Timeout=300"]
    advice = "apt could not install the host packages; repair apt, then run this again"
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    command.run_logged([*prefix, "apt-get", "update"], "apt-update", advice, environment)
    command.run_logged([*prefix, *install, *quiet_apt], "apt-install", advice, environment)


def _root_prefix():
    """What to put before a command to be root: nothing, sudo, or None where neither goes."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        if subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0:
            return ["sudo"]
        if os.isatty(0):
            subprocess.run(["sudo", "-v"], check=False)
            return ["sudo"]
    return None
