# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Each user has an account: what one user exhausts, others have still."""

import pathlib
import tempfile

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "posix"

ENVIRONMENT = {"PATH": "/bin:/sbin:/usr/bin:/usr/sbin"}
COUNT = "ps -o user,stat | awk '$1 == \"user\" && $2 !~ /Z/ {n++} END {print n + 0}'"
# Stopped first: what a bomb's processes start while others are ended would survive.
KILL = ("for s in STOP STOP STOP KILL KILL; do kill -$s $(ps -o pid,user | awk '$2 == \"user\" {print $1}') "
        "2> /dev/null; done; sleep 1")
ROOT_WORKS = "for i in 1 2 3 4 5 6 7 8; do seq 100 | sort -n | tail -1; done | uniq -c | tr -s ' '"


def lines(guest, *script, **machine):
    """What a script of root's printed."""
    done = guest.run(["sh", "-c", "; ".join(script)], env=ENVIRONMENT, **machine)
    assert done.status == 0, done
    return [line.strip() for line in done.stdout.splitlines()]


def test_memory(guest):
    """A user takes all memory it can get, again and again."""
    assert lines(guest, "su user -c 'while :; do tail /dev/zero; done' > /dev/null 2>&1 & sleep 1",
                 ROOT_WORKS, "dd if=/dev/zero of=/tmp/own bs=1M count=8 2> /dev/null; wc -c < /tmp/own",
                 KILL, COUNT, memory="96M") == ["8 100", "8388608", "0"]


def test_handles(guest):
    """A user fills its table of descriptors in many processes."""
    hog = ("for p in 1 2 3 4 5 6 7 8; do (i=3; while [ $i -lt 1000 ] && eval \"exec $i< /dev/null\"; do i=$((i+1)); "
           "done; sleep 1000) & done; sleep 1000")
    assert lines(guest, f"su user -c '{hog}' > /dev/null 2>&1 & sleep 3", ROOT_WORKS, KILL, COUNT) == ["8 100", "0"]


def test_files(guest):
    """Root and a user fill the root file system: each is told so, has all of it back, and df knows."""
    sizes = "df -P /tmp | awk 'NR == 2 { print ($2 == $3 + $4), $4 }'"
    script = (f"mkdir -m 777 /tmp/full; {sizes}; for who in root user; do su $who -c '/full /tmp/full' 2>&1; echo $?; "
              f"done; rmdir /tmp/full && {sizes}")
    with tempfile.TemporaryDirectory() as root:
        guest.compile(SOURCES / "full.c", f"{root}/full")
        told = lines(guest, script, root=root, memory="64M", timeout=300)
    assert told[1:3] == ["0", "0"] and told[0] == told[3] and told[0].startswith("1 "), told


def test_no_space(guest):
    """One user leaves others their files; a machine whose files are full is as usable as before."""
    fill = "dd if=/dev/zero of=/tmp/{0} bs=64k 2>&1 | grep -c 'No space left on device'"
    told = lines(guest, f"su user -c \"{fill.format('user')}\"", "su user -c 'echo x > /tmp/user2' 2> /dev/null; echo $?",
                 "dd if=/dev/zero of=/tmp/own bs=1M count=4 2> /dev/null; wc -c < /tmp/own", fill.format("root"),
                 "df -P /tmp | awk 'NR == 2 { print $4 < 100, $5 }'", ROOT_WORKS, "rm /tmp/root /tmp/user", ROOT_WORKS,
                 "su user -c 'echo y > /tmp/user2; cat /tmp/user2'", memory="64M", timeout=200)
    assert told == ["1", "1", "4194304", "1", "1 100%", "8 100", "8 100", "y"], told


GREEDS = {"zombies": "EAGAIN", "signals": "EAGAIN", "timers": "EAGAIN", "proc": "ENFILE", "files": "ENFILE",
          "locks": "ENOLCK", "threads": "EAGAIN", "backlog": "EAGAIN", "unread": "ENOMEM", "passed": "ENFILE",
          "terminals": "ENOSPC"}
# While a user keeps all it may have of something: others start programs, write files, look at processes.
GREED = """
for round in 1 2; do
    for what in GREEDS; do
        su user -c "/greedy $what > /tmp/told 2>&1" & read how < /tmp/told; echo $what $how
        seq 100 | sort -n | tail -1 > /tmp/own; (: 3<> /dev/ptmx) && cat /tmp/own /proc/1/comm
        while kill -9 $(ps -o pid,user | awk '$2 == "user" { print $1 }'); do :; done
        wait; rm -f /tmp/own /tmp/greedy*
    done 2> /dev/null
    sleep 2; awk '/MemFree/ { print "free", $2 }' /proc/meminfo
done
"""


def greed(guest, greeds, memory):
    """What was told in two rounds, [[(what, how), ...], ...], and how much less was free after the second, in KiB."""
    with tempfile.TemporaryDirectory() as root:
        guest.compile(SOURCES / "greedy.c", f"{root}/greedy", "-pthread")
        told = lines(guest, "mkfifo -m 666 /tmp/told", GREED.replace("GREEDS", " ".join(greeds)), root=root,
                     memory=memory, timeout=500)
    rounds, free = [[]], []
    while told:
        if told[0].startswith("free"):
            free.append(int(told.pop(0).split()[1]))
            rounds.append([])
            continue
        rounds[-1].append(tuple((told[0] + " ").split(" ")[:2]))
        assert told[1:3] == ["100", "init"], (rounds, told)
        del told[:3]
    return rounds[:-1], free[0] - free[1]


def test_greed(guest):
    """What one user exhausts in the servers is refused to that user, kept from nobody else, and had back."""
    rounds, less = greed(guest, GREEDS, "256M")
    assert rounds == [list(GREEDS.items())] * 2, rounds
    assert abs(less) <= 512, less


def test_greed_that_memory_ends(guest):
    """The same where the user's memory ends first: it is told so or killed, and all else is as before."""
    greeds = ("threads", "files", "proc", "unread")
    rounds, less = greed(guest, greeds, "64M")
    assert [[what for what, _ in told] for told in rounds] == [list(greeds)] * 2, rounds
    assert {how for told in rounds for _, how in told} <= {"EAGAIN", "ENOMEM", "ENFILE", "killed", ""}, rounds
    # It is memory that ended the threads, not their number: in a touch, or in a fork.
    assert all(told[0][1] in ("killed", "ENOMEM", "") for told in rounds), rounds
    assert abs(less) <= 512, less


def test_starved(guest):
    """A user's fork, exec, threads and files with no memory left, then a page, and so on: clean errors, no leaks."""
    free = "awk '/MemFree/ { print $2 }' /proc/meminfo"
    with tempfile.TemporaryDirectory() as root:
        guest.compile(SOURCES / "starved.c", f"{root}/starved", "-pthread")
        told = lines(guest, "su user -c true", f"{free}", "su user -c /starved 2>&1", "sleep 1", f"{free}", root=root,
                     memory="64M", timeout=300)
    assert told[1:-1] == ["fork", "spawn", "thread", "files", "exec"], told
    assert abs(int(told[0]) - int(told[-1])) <= 512, told
