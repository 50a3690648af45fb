# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Services are killed while programs run: what can be started again is, and nobody notices.

The log says how often each was started again, so that a test whose kill came too late
fails instead of proving nothing.
"""

import hashlib
import random
import re

from trellis import qemu
from trellis.guest import Outcome

COUNT = "i=0; while [ $i -lt 4000 ]; do echo line $i; i=$((i+1)); done; exit 5"
LINES = "".join(f"line {i}\n" for i in range(4000))
LONG_LOOP = "while :; do (:); echo x; done"
RESTARTED = re.compile(r"init: (\w+) .*; it is started again")


def kills(*services, start=700, step=150):
    """Kernel options that end these services one after the other."""
    ends = (f"{service}@{start + i * step}ms" for i, service in enumerate(services))
    return "init.kill=" + ",".join(ends)


def restarts(log):
    """The services that were started again, in order."""
    return RESTARTED.findall(log)


def check_lines(guest, *services, **machine):
    done = guest.run(["sh", "-c", COUNT], append=kills(*services), **machine)
    assert (done.status, done.stdout, done.stderr) == (5, LINES, ""), done
    assert restarts(done.log) == list(services), done.log


def test_uart(guest):
    check_lines(guest, "uart", "uart", "uart", "uart")


def test_tty(guest):
    check_lines(guest, "tty", "tty", "tty", "tty")


def test_uart_and_tty_in_turn(guest):
    check_lines(guest, "uart", "tty", "uart", "tty", "tty", "uart")


def test_clock(guest):
    check_lines(guest, "clock", "clock")


def test_both_at_once(guest):
    done = guest.run(["sh", "-c", COUNT], append="init.kill=uart@900ms,tty@900ms,tty@1s,uart@1s")
    assert (done.status, done.stdout) == (5, LINES), done
    assert sorted(restarts(done.log)) == ["tty", "tty", "uart", "uart"], done.log


def test_crashes(guest):
    done = guest.run(["sh", "-c", COUNT], append="init.crash=uart@800ms,tty@1s,uart@1100ms,tty@1200ms")
    assert (done.status, done.stdout) == (5, LINES), done
    assert restarts(done.log) == ["uart", "tty", "uart", "tty"], done.log
    assert "ended by a fault" in done.log, done.log


def test_standard_error_stays_apart(guest):
    done = guest.run(["sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done"],
                     append=kills("tty", "uart", "tty", "uart"))
    for text, word in ((done.stdout, "out"), (done.stderr, "err")):
        assert text == "".join(f"{word} {i}\n" for i in range(2000)), (word, done.log)
    assert len(restarts(done.log)) == 4, done.log


def test_a_megabyte_of_output(guest):
    """Bytes that need stuffing and bytes that do not, each once and in order."""
    script = "dd if=/dev/urandom of=/tmp/data bs=64K count=16 2>/dev/null; md5sum /tmp/data >&2; cat /tmp/data"
    done = guest.run(["sh", "-c", script], append=kills(*["uart", "tty"] * 4, start=900, step=120))
    assert len(done.stdout_bytes) == 1 << 20, len(done.stdout_bytes)
    assert done.stderr.split()[0] == hashlib.md5(done.stdout_bytes).hexdigest(), done
    assert len(restarts(done.log)) == 8, done.log


def test_input(guest):
    data = random.Random(1).randbytes(20000)
    done = guest.run(["cat"], stdin=data, append=kills("tty", "uart", "tty", "uart", "tty", "uart", start=500))
    assert done.status == 0 and done.stdout_bytes == data, done
    assert len(restarts(done.log)) == 6, done.log


def test_given_up(guest):
    done = guest.run(["sh", "-c", LONG_LOOP], append=kills(*["uart"] * 9, step=400))
    assert (done.status, done.outcome) == (120, Outcome.PANIC), done
    assert "uart was ended" in done.message and "given up after 5 ends in 10 s" in done.message, done


def test_given_up_without_harm(guest):
    done = guest.run(["sh", "-c", "sleep 3; echo on"], append=kills(*["clock"] * 5, step=100))
    assert (done.status, done.stdout) == (0, "on\n"), done
    assert "clock was ended with code 57005; given up after 5 ends in 10 s" in done.log, done.log


def _make_tests_of_critical_services():
    for service in ("tmpfs", "process", "device", "init"):
        for how in ("kill", "crash"):
            def test(guest, service=service, how=how):
                done = guest.run(["sh", "-c", "while :; do ls / >/dev/null; done & sleep 3; poweroff -f"],
                                 append=f"init.{how}={service}@1s")
                assert (done.status, done.outcome) == (120, Outcome.PANIC), done
                assert f"{service}, which the machine cannot do without," in done.message, done
            globals()[f"test_{service}_{how}"] = test


_make_tests_of_critical_services()


def start_shell(guest, *ends, **where):
    """A shell on a terminal with `ends` of services; context manager."""
    return guest.shell("--append", kills(*ends, **where))


def test_line_half_typed(guest):
    with start_shell(guest, "tty", "uart", start=3500, step=500) as shell:
        shell.prompt()
        shell.send("cat\n")
        shell.expect("cat\r\n")
        shell.send("half a li")
        shell.expect("half a li")
        shell.pause(4)
        shell.send("nx\x7fe\n")
        shell.expect("half a line\r\n")
        shell.send("\x04")
        shell.prompt()
        shell.send("exit 4\n")
        assert shell.wait() == 4
