# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What a user sees of `./trellis run`: output, status, input, roots, ends."""

import hashlib
import os
import tempfile
import time

from trellis import root_files
from trellis.guest import Outcome


def test_output_and_status(guest):
    done = guest.run(["sh", "-c", "echo hi; echo oops >&2; exit 7"])
    assert (done.status, done.stdout, done.stderr) == (7, "hi\n", "oops\n"), done


def test_standard_input(guest):
    done = guest.run(["sh"], stdin="echo one two | wc -w\n")
    assert (done.status, done.stdout) == (0, "2\n"), done


def test_large_input_unchanged(guest):
    data = os.urandom(300000)
    done = guest.run(["cat"], stdin=data)
    assert done.status == 0 and done.stdout_bytes == data, done.message


def test_much_input_in_time(guest):
    data = os.urandom(4 << 20)
    done = guest.run(["md5sum"], stdin=data, timeout=120)
    assert done.stdout.split()[0] == hashlib.md5(data).hexdigest(), done


def test_the_shell_is_the_file_of_debians_package(guest):
    done = guest.run(["sha256sum", "/bin/busybox"])
    assert done.stdout.split()[0] == hashlib.sha256(root_files.busybox_path(guest.architecture).read_bytes()).hexdigest(), done


def test_the_date_is_the_hosts(guest):
    before = int(time.time())
    done = guest.run(["date", "+%s"])
    assert before - 2 <= int(done.stdout) <= time.time() + 2, (before, done)


def test_each_machine_draws_other_numbers(guest):
    numbers = {guest.run(["sh", "-c", "head -c 16 /dev/random | md5sum"]).stdout for boot in range(2)}
    assert len(numbers) == 2, numbers


def test_signalled(guest):
    done = guest.run(["sh", "-c", "kill -9 $$"])
    assert (done.status, done.outcome) == (137, Outcome.SIGNALLED), done


def test_no_such_command(guest):
    done = guest.run(["no-such-command"])
    assert (done.status, done.outcome) == (127, Outcome.NOT_RUN), done


def test_not_executable(guest):
    done = guest.run(["/etc/passwd"])
    assert (done.status, done.outcome) == (126, Outcome.NOT_RUN), done


def test_not_terminals(guest):
    done = guest.run(["sh", "-c", "test -t 0 || test -t 1 || test -t 2 || echo none"])
    assert done.stdout == "none\n", done


def test_the_console_where_nothing_is_a_terminal(guest):
    done = guest.run(["sh", "-c", "echo to the console > /dev/console; echo done"])
    assert (done.status, done.stdout, done.stderr) == (0, "done\n", ""), done
    assert "to the console" in done.log


def test_environment(guest):
    done = guest.run(["sh", "-c", "echo $HOME $A"], env={"A": "b c"})
    assert done.stdout == "/root b c\n", done


def test_root_overlay(guest):
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(f"{root}/bin")
        with open(f"{root}/bin/mine", "w", encoding="ascii") as script:
            script.write("#!/bin/sh\necho mine $1\n")
        os.chmod(f"{root}/bin/mine", 0o755)
        done = guest.run(["mine", "x"], root=root)
    assert (done.status, done.stdout) == (0, "mine x\n"), done


def test_root_overlay_with_names_that_are_not_utf_8(guest):
    name, link = b"\xe9t\xe9 \xff\n\xe6\x97\xa5", b"z\x80"
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(os.fsencode(root) + b"/given\xff")
        with open(os.fsencode(root) + b"/given\xff/" + name, "wb") as file:
            file.write(b"content\n")
        os.symlink(b"given\xff/" + name, os.fsencode(root) + b"/" + link)
        script = "cd /given*; for name in *; do echo -n \"$name\"; done; cat \"$name\"; readlink /z*; cat /z*; echo \"$1\""
        done = guest.run(["sh", "-c", script, "sh", os.fsdecode(b"argument \xff")], root=root)
    assert done.status == 0 and done.stdout_bytes == (
        name + b"content\ngiven\xff/" + name + b"\ncontent\nargument \xff\n"), done.stdout_bytes


def test_timeout(guest):
    done = guest.run(["sleep", "1000"], timeout=20)
    assert (done.status, done.outcome) == (124, Outcome.TIMEOUT), done


def test_poweroff(guest):
    for command in ("poweroff", "halt"):
        done = guest.run([command, "-f"])
        assert (done.status, done.outcome, done.message) == (0, Outcome.POWERED_OFF, ""), (command, done)


def test_reboot(guest):
    """The machine resets itself, which ends `./trellis run` as the end of its power does."""
    done = guest.run(["sh", "-c", "echo before; reboot -f"])
    assert (done.status, done.outcome, done.message) == (0, Outcome.RESTARTED, ""), done
    assert done.stdout == "before\n", done


def test_only_root_ends_the_machine(guest):
    script = "su user -c 'poweroff -f; reboot -f; halt -f; poweroff; reboot' 2> /dev/null; sleep 1; echo on"
    done = guest.run(["sh", "-c", script])
    assert (done.status, done.stdout) == (0, "on\n"), done


def test_shell_on_a_terminal(guest):
    with guest.shell() as shell:
        shell.expect(r"# \x1b\[6n", timeout=60)  # a key that comes before it asks would keep it from asking
        shell.send("tty; stty size\n")
        shell.expect("/dev/")
        shell.expect("24 80")
        shell.send("exit 3\n")
        assert shell.wait() == 3
