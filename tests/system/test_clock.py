# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The date: where it comes from, who may set it, and what a time zone does to it."""

import pathlib
import tempfile

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "posix"
ENVIRONMENT = {"PATH": "/bin:/sbin:/usr/bin:/usr/sbin"}


def test_the_date_is_the_machines_clocks(guest):
    """Not the host's, where the two differ."""
    done = guest.run(["date", "-u", "+%F"], extra=["-rtc", "base=2033-05-18T12:00:00"])
    assert (done.status, done.stdout) == (0, "2033-05-18\n"), done


def test_setting_it_by_calls(guest):
    with tempfile.TemporaryDirectory() as root:
        guest.compile(SOURCES / "clock_setting.c", f"{root}/clock_setting")
        done = guest.run(["/clock_setting"], root=root)
    assert (done.status, done.stderr) == (0, ""), done


def test_setting_it_by_date(guest):
    script = ("date -u -s '2001-02-03 04:05:06' > /dev/null; echo $?; date -u +%FT%H:%M; touch /tmp/file; "
              "stat -c %Y /tmp/file | cut -c 1-8; awk '/^btime/ { print substr($2, 1, 8) }' /proc/stat; "
              "su user -c 'date -s 2005-01-01' 2>&1 > /dev/null; date -u +%F; date -s 2110-01-01 > /dev/null; date +%Y")
    done = guest.run(["sh", "-c", script], env=ENVIRONMENT)
    assert done.stdout.splitlines() == [
        "0", "2001-02-03T04:05", "98117310", "98117310", "date: can't set date: Operation not permitted",
        "2001-02-03", "2110"], done


def test_a_clock_driver_that_is_started_again_leaves_the_date(guest):
    script = "date -s '2001-02-03 04:05:06' > /dev/null; sleep 3; date +%F"
    done = guest.run(["sh", "-c", script], append="init.kill=clock@2s")
    assert (done.stdout, "init: clock" in done.log) == ("2001-02-03\n", True), done


def test_time_zones(guest):
    script = "date -d @0 +%H; TZ=CET-1CEST date -d @1000000000 '+%H %Z'; TZ=EST5EDT date -d @1700000000 '+%F %H %Z'"
    done = guest.run(["sh", "-c", script])
    assert done.stdout == "00\n03 CEST\n2023-11-14 17 EST\n", done
