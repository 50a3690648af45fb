# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Each user has an account: what one user exhausts, others have still."""

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
