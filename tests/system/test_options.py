# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The options of `./trellis run` as a user types them, and the ends that are told from CMD's own."""

import json

SCRIPT = ("sh", "-c", "echo hi; echo oops >&2; exit 7")
TOTAL = ("awk", "/^MemTotal/ { print $2 }", "/proc/meminfo")
LEAST_MIB = {"x86_64": 10, "aarch64": 10, "riscv64": 14}
TIMEOUT = ("--timeout", "300")  # finds hangs


def test_memory(guest):
    for mib in (64, LEAST_MIB[guest.architecture]):
        status, output, errors = guest.front_door(*TIMEOUT, "--memory", f"{mib}M", command=TOTAL)
        assert status == 0 and mib * 700 < int(output) <= mib * 1024, (mib, output, errors)


def test_too_little_memory(guest):
    status, output, errors = guest.front_door(*TIMEOUT, "--memory", "4M", command=SCRIPT)
    assert (status, output) == (121, "") and "--memory 4M: too little" in errors, errors
    assert "give at least" in errors, errors


def test_memory_that_is_too_little_for_the_guest(guest):
    guest.only_on("x86_64", why="elsewhere the emulator finds no place for the archive then")
    status, output, errors = guest.front_door(*TIMEOUT, "--memory", "6M", command=SCRIPT)
    assert (status, output) == (121, ""), errors
    assert "the guest ran out of memory" in errors and "give it more with --memory" in errors, errors


def test_quiet(guest):
    status, output, errors = guest.front_door(*TIMEOUT, "--quiet", command=SCRIPT)
    assert (status, output, errors) == (7, "hi\n", "oops\n")


def test_json(guest):
    status, output, errors = guest.front_door(*TIMEOUT, "--json", "--memory", "96M", command=SCRIPT)
    told = json.loads(output)
    assert (status, errors) == (7, "")
    assert (told["outcome"], told["code"], told["status"], told["signal"]) == ("exited", 7, 7, None)
    assert told["build"] == f"{guest.architecture}-release", "what the bench measures"
    assert (told["stdout"], told["stderr"], told["message"]) == ("hi\n", "oops\n", "")
    machine = told["machine"]
    assert (machine["arch"], machine["memory"], machine["accel"]) == (guest.architecture, "96M", "tcg")
    assert (machine["cpus"], bool(machine["cpu"])) == (guest.cpus, True)
    status, output, _ = guest.front_door(*TIMEOUT, "--json", command=("sh", "-c", "kill -9 $$"))
    told = json.loads(output)
    assert (status, told["outcome"], told["status"], told["signal"]) == (137, "signalled", None, 9)


def test_debug_checks(guest):
    status, output, _ = guest.front_door(*TIMEOUT, "--json", "--debug-checks", command=SCRIPT)
    assert (status, json.loads(output)["build"]) == (7, guest.architecture), output


def test_timeout(guest):
    status, output, errors = guest.front_door("--timeout", "20", command=("sleep", "1000"))
    assert (status, output) == (124, "") and "--timeout: 20 s have passed" in errors, errors


def test_panic(guest):
    status, _, errors = guest.front_door(*TIMEOUT, "--append", "init.kill=tmpfs@1s",
                                         command=("sleep", "1000"))
    assert status == 120 and "the guest panicked" in errors, errors
    assert "tmpfs, which the machine cannot do without," in errors, errors


def test_help(guest):
    status, output, errors = guest.front_door("--help")
    assert (status, errors) == (0, ""), errors
    for option in ("--memory", "--timeout", "--quiet", "--json", "--trace", "--root", "--smp",
                   "--arch", "--machine", "--cpu", "--accel", "--env", "--verbose", "--append",
                   "--network", "--disk", "--no-build", "--debug-checks"):
        assert option in output, option
