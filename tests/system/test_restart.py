# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Services are killed while programs run: what can be started again is, and nobody notices.

The log says how often each was started again, so that a test whose kill came too late
fails instead of proving nothing.
"""

import contextlib
import hashlib
import pathlib
import random
import re
import tempfile

from trellis.guest import Outcome

TERMINALS = pathlib.Path(__file__).resolve().parents[1] / "posix" / "terminals.c"
COUNT = "i=0; while [ $i -lt 12000 ]; do echo line $i; i=$((i+1)); done"
LINES = "".join(f"line {i}\n" for i in range(12000))
LONG_LOOP = "while :; do (:); echo x; done"
RESTARTED = re.compile(r"init: (\w+) .*; it is started again")


def kills(*services, start=700, step=150):
    """Kernel options that end these services one after the other."""
    ends = (f"{service}@{start + i * step}ms" for i, service in enumerate(services))
    return "init.kill=" + ",".join(ends)


def until_restarted(count, work="/bin/busybox sleep 0.1"):
    """Shell commands that do some work until services have been started again so many times."""
    return f"until [ $(/bin/busybox dmesg | /bin/busybox grep -c 'started again') -ge {count} ]; do {work}; done"


def count_and_await(times):
    """A program that writes LINES while services end, goes on until all have been started again, and ends with 5."""
    return ["sh", "-c", f"{COUNT}; {until_restarted(times)}; exit 5"]


def restarts(log):
    """The services that were started again, in order."""
    return RESTARTED.findall(log)


def check_lines(guest, *services, **machine):
    done = guest.run(count_and_await(len(services)), append=kills(*services), **machine)
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
    done = guest.run(count_and_await(4), append="init.kill=uart@900ms,tty@900ms,tty@1s,uart@1s")
    assert (done.status, done.stdout) == (5, LINES), done
    assert sorted(restarts(done.log)) == ["tty", "tty", "uart", "uart"], done.log


def test_crashes(guest):
    done = guest.run(count_and_await(4), append="init.crash=uart@800ms,tty@1s,uart@1100ms,tty@1200ms")
    assert (done.status, done.stdout) == (5, LINES), done
    # each ends when it next runs: with several processors in either order
    assert sorted(restarts(done.log)) == ["tty", "tty", "uart", "uart"], done.log
    assert "ended by a fault" in done.log, done.log


def test_standard_error_stays_apart(guest):
    script = "i=0; while [ $i -lt 6000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; "
    done = guest.run(["sh", "-c", script + until_restarted(4)],
                     append=kills("tty", "uart", "tty", "uart"))
    for text, word in ((done.stdout, "out"), (done.stderr, "err")):
        assert text == "".join(f"{word} {i}\n" for i in range(6000)), (word, done.log)
    assert len(restarts(done.log)) == 4, done.log


def test_a_megabyte_of_output(guest):
    """Bytes that need stuffing and bytes that do not, each once and in order."""
    script = ("dd if=/dev/urandom of=/tmp/data bs=64K count=16 2>/dev/null; md5sum /tmp/data >&2; cat /tmp/data; "
              + until_restarted(8))
    done = guest.run(["sh", "-c", script], append=kills(*["uart", "tty"] * 4, start=900, step=120))
    assert len(done.stdout_bytes) == 1 << 20, len(done.stdout_bytes)
    assert done.stderr.split()[0] == hashlib.md5(done.stdout_bytes).hexdigest(), done
    assert len(restarts(done.log)) == 8, done.log


def test_input(guest):
    """Input that is still coming when they end."""
    data = random.Random(1).randbytes(1500000)
    done = guest.run(["sh", "-c", "cat; " + until_restarted(6)], stdin=data,
                     append=kills("tty", "uart", "tty", "uart", "tty", "uart"))
    assert done.status == 0 and done.stdout_bytes == data, (len(done.stdout_bytes), done.log)
    assert len(restarts(done.log)) == 6, done.log


def test_given_up(guest):
    done = guest.run(["sh", "-c", LONG_LOOP], append=kills(*["uart"] * 9, step=400))
    assert (done.status, done.outcome) == (120, Outcome.PANIC), done
    assert "uart was ended" in done.message and "given up after 5 ends in 10 s" in done.message, done


def test_given_up_without_harm(guest):
    done = guest.run(["sh", "-c", "sleep 5; echo on"], append=kills(*["clock"] * 5, step=500))
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


# On a terminal. The log goes there too (--verbose), so a test sees each restart.

PROMPT = r"=> \x1b\[6n"
BOOT_S = 120


@contextlib.contextmanager
def shell_with_kills(guest, *services):
    """A shell at its prompt while services are ended every four seconds."""
    with guest.shell("--verbose", "--append", kills(*services, start=4000, step=4000)) as shell:
        shell.expect(r"# \x1b\[6n", timeout=BOOT_S)
        shell.send("PS1='=''> '\r")
        shell.expect(PROMPT)
        yield shell
        shell.send("exit 4\r")
        assert shell.wait() == 4, shell.transcript[-3000:]


def run_until_ready(shell, command):
    """Starts a program in the foreground, and waits until it runs there."""
    shell.send(f"sh -c 'echo rea''dy; exec {command}'\r")
    shell.expect("\nready\r\n")


def await_restart(shell, service):
    """Waits for the next restart of a service."""
    shell.expect(f"init: {service} .*; it is started again", timeout=90)


def test_line_half_typed(guest):
    with shell_with_kills(guest, *["tty", "uart"] * 8) as shell:
        run_until_ready(shell, "cat")
        shell.send("half a li")
        shell.expect("half a li")
        await_restart(shell, "tty")
        shell.send("nx\x7fe\r")
        shell.expect("\nhalf a line\r\n")
        shell.send("\x04")
        shell.expect(PROMPT)


def test_stopped_job(guest):
    with shell_with_kills(guest, *["tty"] * 14) as shell:
        run_until_ready(shell, "cat")
        shell.send("\x1a")
        shell.expect(PROMPT)
        await_restart(shell, "tty")
        shell.send("jobs\r")
        shell.expect("Stopped")
        shell.send("fg\r")
        shell.expect("fg\r\n.*exec cat")
        shell.send("to the cat\r")
        shell.expect("\nto the cat\r\n")
        await_restart(shell, "tty")
        shell.send("\x03")
        shell.expect(PROMPT)


def test_reader_waits(guest):
    with shell_with_kills(guest, *["tty", "uart"] * 8) as shell:
        shell.send("read answer; echo \"<$answer>\"\r")
        await_restart(shell, "tty")
        await_restart(shell, "uart")
        shell.send("yes and no\r")
        shell.expect("\n<yes and no>\r\n")
        shell.expect(PROMPT)


def test_settings_survive(guest):
    with shell_with_kills(guest, *["tty"] * 14) as shell:
        shell.send("sh -c 'stty -icanon -echo min 3 intr ^T; stty -a > /tmp/a; echo rea''dy; "
                   "dd bs=3 count=1 2> /dev/null | od -c; stty -a | cmp - /tmp/a && echo sa''me'\r")
        shell.expect("\nready\r\n")
        await_restart(shell, "tty")
        shell.send("x\x7f\x03")
        shell.expect(r"x 177 003")
        shell.expect("\nsame\r\n")
        shell.send("stty sane\r")
        shell.expect(PROMPT)


def test_pseudo_terminals(guest):
    """The program of test_debian_programs, which checks itself, again and again."""
    with tempfile.TemporaryDirectory() as root:
        program = pathlib.Path(root, "bin", "terminals")
        program.parent.mkdir()
        guest.compile(TERMINALS, program, "-pthread")
        done = guest.run(["sh", "-c", until_restarted(4, "terminals || exit 1")], root=root,
                         append=kills("tty", "tty", "tty", "tty", start=900, step=300))
    assert (done.status, done.stderr) == (0, ""), done
    assert restarts(done.log) == ["tty"] * 4, done.log


def test_terminals_output(guest):
    """What a program writes to the terminal while both are ended, byte by byte."""
    ends = kills("uart", "tty", "uart", "tty", "uart", "tty", start=800, step=150)
    with guest.shell("--append", ends, command=("sh", "-c", f"{COUNT}; exit 5")) as shell:
        assert shell.wait(timeout=BOOT_S) == 5
    assert shell.transcript == LINES.replace("\n", "\r\n"), shell.transcript[-3000:]
