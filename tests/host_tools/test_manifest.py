# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""system/manifest: who may hold what. A right that somebody gains is seen here too."""

from trellis import paths


def services():
    """{service: {word of a line: the rest of it}}."""
    found = {}
    for line in (paths.TREE / "system" / "manifest").read_text().splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["service"]:
            entry = found.setdefault(words[1], {})
        elif words:
            entry.setdefault(words[0], []).extend(words[1:])
    return found


def holders_of(resource):
    return {name for name, entry in services().items() if resource in entry.get("holds", [])}


def test_drivers_have_their_device_and_no_more():
    drivers = {name: entry for name, entry in services().items() if "device" in entry}
    assert set(drivers) == {"uart", "clock"}
    for name, entry in drivers.items():
        assert "program" not in entry and "calls" not in entry, name
    assert "holds" not in drivers["uart"] and drivers["clock"]["holds"] == ["set_time"]


def test_who_may_reach_the_machine():
    assert holders_of("interrupts") == holders_of("ioports") == holders_of("iospace") == {"device"}
    assert holders_of("log") == {"tty", "process"}
    assert holders_of("set_time") == {"clock", "process"}
    assert holders_of("identities") == holders_of("machine") == {"process"}


def test_who_calls_whom():
    calls = {name: [word for word in entry["calls"] if word in services()] for name, entry in services().items()
             if "calls" in entry}
    assert calls == {"process": ["tmpfs", "tty", "device"]}


def test_what_the_machine_cannot_do_without():
    critical = {name for name, entry in services().items() if entry["restart"][0] == "critical"}
    assert critical == {"device", "tmpfs", "process"}
