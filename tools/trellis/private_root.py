# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""A private apt root: packages and sources from the user's own mirror, nothing installed.

One root per suite and architecture, and one for a suite's sources, under the cache
directory, with an empty dpkg status and the archive keyring. apt checks signatures and
sums; what comes out is the archive's file, byte for byte.
"""

import contextlib
import fcntl
import shutil

from trellis import command, errors, paths, progress

SOURCES = "source"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITES = {
    "bullseye", "bookworm", "trixie", "forky", "sid",
    "oldoldstable", "oldstable", "stable", "testing", "unstable",
}


def guest_package(name, architecture, suite="trixie"):
    """Path of the .deb of a package, fetched the first time it is asked for.

    `architecture` and `suite` are Debian's names. The file stays in the cache
    until the cache is removed.
    """
    directory = _directory(architecture, suite)
    with _locked(directory):
        found = _stored(directory, name)
        if found is None:
            progress.say(f"fetching {name} ({suite}, {architecture})")
            _download(directory, name, architecture, suite)
            found = _stored(directory, name)
    if found is None:
        raise errors.Failure(f"apt fetched no file for package {name}; see build/logs/")
    return found


def unpacked(name, architecture, suite="trixie"):
    """Directory with the contents of a package, unpacked once."""
    package = guest_package(name, architecture, suite)
    target = package.parent / (package.stem + ".files")
    with _locked(package.parent):
        if not target.exists():
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            command.output_of(["dpkg-deb", "-x", package, partial])
            partial.rename(target)
    return target


def source_tarball(source, version, suite="trixie"):
    """Path of the upstream tarball of a source package, fetched the first time."""
    directory = _directory(SOURCES, suite)
    with _locked(directory):
        found = _stored_tarball(directory, source, version)
        if found is None:
            progress.say(f"fetching the source of {source} {version} ({suite})")
            environment = _updated_root(directory, source, SOURCES, suite)
            with progress.Step(f"downloading {source}"):
                command.run_logged(
                    ["apt-get", "source", "--download-only", "--tar-only", source],
                    f"fetch-{source}", _advice(source), environment, directory=directory)
            found = _stored_tarball(directory, source, version)
    if found is None:
        raise errors.Failure(f"{suite} has no {source} {version} any more")
    return found


def first_dependency(name, architecture, suite="trixie"):
    """The first package that a metapackage depends on, remembered in the cache."""
    directory = _directory(architecture, suite)
    with _locked(directory):
        memory = directory / f"{name}.depends"
        if not memory.exists():
            environment = _updated_root(directory, name, architecture, suite)
            shown = command.output_of(["apt-cache", "depends", name], environment)
            found = [line.split()[1] for line in shown.splitlines() if "Depends:" in line]
            memory.write_text(found[0])
        return memory.read_text()


def is_fetched(name, architecture, suite="trixie"):
    """Whether what a metapackage depends on is in the cache, so that no network is needed."""
    directory = _directory(architecture, suite)
    memory = directory / f"{name}.depends"
    return memory.exists() and _stored(directory, memory.read_text()) is not None


def user_mirror():
    """The archive's base address in the apt sources of this system."""
    return mirror_of(command.output_of([
        "apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)", "Created-By: Packages"]))


def mirror_of(targets):
    """The archive's base address from the lines of `apt-get indextargets`.

    Each line is ADDRESS|RELEASE|COMPONENT. The first whose release is a suite of
    Debian's main archive (no updates, no security) is the user's mirror.
    """
    for line in targets.splitlines():
        address, release, component = line.split("|")
        if component == "main" and release in SUITES:
            return address
    raise errors.Failure(
        "no Debian archive among the apt sources: add a bookworm 'main' source to "
        "/etc/apt/sources.list.d, run apt-get update, then run this again"
    )


def _directory(architecture, suite):
    directory = paths.cache_directory() / "packages" / f"{suite}-{architecture}"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@contextlib.contextmanager
def _locked(directory):
    with open(directory / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stored(directory, name):
    """The newest stored .deb of exactly this package, or None."""
    files = sorted(directory.glob(f"{name}_*.deb"), key=lambda file: file.stat().st_mtime)
    return files[-1] if files else None


def _stored_tarball(directory, source, version):
    files = [file for file in directory.glob(f"{source}_{version}.orig.tar.*")
             if file.suffix != ".asc"]
    return files[0] if files else None


def _download(directory, name, architecture, suite):
    environment = _updated_root(directory, name, architecture, suite)
    with progress.Step(f"downloading {name}"):
        command.run_logged(["apt-get", "download", name], f"fetch-{name}", _advice(name),
                           environment, directory=directory)


def _updated_root(directory, name, architecture, suite):
    """The environment that makes apt use the private root, its lists read afresh."""
    environment = {"APT_CONFIG": str(_make_root(directory / "apt", architecture, suite))}
    with progress.Step(f"reading the package lists of {suite}"):
        command.run_logged(["apt-get", "update"], f"fetch-{name}", _advice(name), environment)
    return environment


def _advice(name):
    return f"apt could not fetch {name}; check that your Debian mirror can be reached"


def _make_root(root, architecture, suite):
    """Lays the directories and files of an apt root; the path of its configuration."""
    mirror = user_mirror()
    for folder in ("etc/preferences.d", "state/lists/partial", "cache/archives/partial", "log"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "state" / "status").write_text("")
    sources = root / "etc" / "sources.d"
    sources.mkdir(exist_ok=True)
    types, architectures = "deb", f"Architectures: {architecture}\n"
    chosen = (f'APT::Architecture "{architecture}";\n'
              f'APT::Architectures {{ "{architecture}"; }};\n')
    if architecture == SOURCES:
        types, architectures, chosen = "deb-src", "", ""
    (sources / "trellis.sources").write_text(
        f"Types: {types}\nURIs: {mirror}\nSuites: {suite}\nComponents: main\n"
        f"{architectures}Signed-By: {KEYRING}\n"
    )
    configuration = root / "apt.conf"
    configuration.write_text(
        transport_settings()
        + chosen
        + 'APT::Sandbox::User "root";\n'
        + 'Acquire::Languages "none";\n'
        + f'Dir::State "{root}/state";\n'
        + f'Dir::State::status "{root}/state/status";\n'
        + f'Dir::Cache "{root}/cache";\n'
        + f'Dir::Log "{root}/log";\n'
        + 'Dir::Etc::sourcelist "/dev/null";\n'
        + f'Dir::Etc::sourceparts "{sources}";\n'
        + 'Dir::Etc::preferences "/dev/null";\n'
        + f'Dir::Etc::preferencesparts "{root}/etc/preferences.d";\n'
        + 'Dir::Etc::main "/dev/null";\n'
        + f'Dir::Etc::parts "{root}/etc/preferences.d";\n'
    )
    return configuration


def transport_settings():
    """The user's own ways to reach their mirror: proxies, certificates, time-outs."""
    kept = ("Acquire::http", "Acquire::https", "Acquire::Retries", "Acquire::ForceIPv4")
    lines = command.output_of(["apt-config", "dump"]).splitlines()
    return "".join(line + "\n" for line in lines if line.startswith(kept))
