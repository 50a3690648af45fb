# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What exhausts its own means, or attacks the library below it, harms itself alone."""

import pathlib
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = {"PATH": "/bin:/sbin:/usr/bin:/usr/sbin"}
# Two bombs: the user's own kill ends the first, root's the second, which stops all before it
# ends any, for what is ended makes room for more.
FORK_BOMB = """
users() { ps -o user,stat | grep -c '^user'; }
free() {
    old=; now=x
    while [ "$old" != "$now" ]; do old=$now; sleep 2; now=$(awk '/MemFree/ { print $2 }' /proc/meminfo); done
    echo free $now
}
bomb() {
    su user -c /fork_bomb > /dev/null 2>&1 &
    while [ $(users) -lt 150 ]; do sleep 1; done
    for i in 1 2 3 4 5; do ls / | sort | head -1; done | uniq -c
    [ $(users) -ge 150 ] && echo others work
}
mkfifo -m 666 /tmp/ready /tmp/go
for run in 1 2; do
    su user -c 'echo > /tmp/ready; read x < /tmp/go; kill -9 -1' & killer=$!
    read x < /tmp/ready # a bomb would leave su no process to start it in
    bomb
    echo > /tmp/go; wait $killer; echo left $(users)
    bomb
    running() { ps -o pid,user,stat | awk '$2 == "user" && $3 !~ /[TZ]/ { print $1 }' > /tmp/pids; [ -s /tmp/pids ]; }
    while running; do kill -STOP $(cat /tmp/pids) 2> /dev/null; done
    kill -9 $(ps -o pid,user | awk '$2 == "user" { print $1 }')
    while [ $(users) != 0 ]; do sleep 1; done
    echo left $(users)
    free
done
"""


def test_fork_bomb(guest):
    with tempfile.TemporaryDirectory() as root:
        guest.compile(TREE / "tests" / "posix" / "fork_bomb.c", f"{root}/fork_bomb")
        done = guest.run(["sh", "-c", FORK_BOMB], root=root, env=ENVIRONMENT, memory="64M", timeout=900)
    told = [" ".join(line.split()) for line in done.stdout.splitlines()]
    one = ["5 bin", "others work", "left 0"]
    assert told[:-1] == [*one, *one, told[6], *one, *one], done
    before, after = (int(line.split()[1]) for line in (told[6], told[13]))
    assert abs(before - after) <= 512, (before, after)


def test_exhaustion(guest):
    script = ("ulimit -n 20; i=3; while [ $i -lt 40 ]; do eval \"exec $i</dev/null\" || break; i=$((i+1)); done; echo $i")
    done = guest.run(["sh", "-c", f"sh -c '{script}' 2>&1 | tail -1; "
                      "sh -c 'exec 0<&- 1>&- 2>&-; true'; echo closed $?; "
                      "tail /dev/zero; echo hog $?; echo alive"], env=ENVIRONMENT)
    assert "closed 0" in done.stdout and done.stdout.endswith("alive\n"), done


def test_large_file(guest):
    command = "cd /tmp; dd if=/dev/zero of=big bs=1M count=64 2>/dev/null; sha256sum big; md5sum big"
    done = guest.run(["sh", "-c", command], env=ENVIRONMENT, timeout=200)
    assert done.stdout == (
        "3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351  big\n"
        "7f614da9329cd3aebf59b91aadc30bf0  big\n"), done


def test_harm_to_the_library(guest):
    script = ("for run in 1 2 3; do /hostile > /tmp/told; echo status $?; awk '/MemFree/ { print $2 }' /proc/meminfo; "
              "cat /proc/[0-9]*/comm | grep -c '^hostile'; done")
    with tempfile.TemporaryDirectory() as root:
        guest.compile(TREE / "tests" / "posix" / "hostile.c", f"{root}/hostile",
                      "-O1", f"-I{TREE}/abi/arch/{guest.architecture}/include")
        done = guest.run(["sh", "-c", script], root=root, env=ENVIRONMENT, timeout=400)
    lines = done.stdout.splitlines()
    assert (done.stderr, lines[0::3], lines[2::3]) == ("", ["status 0"] * 3, ["0"] * 3), done
    free = [int(line) for line in lines[1::3]]
    assert free[0] <= free[1] or free[1] <= free[2], free  # what is kept for reuse grows once, what is lost each time


def test_random_calls(guest):
    """Random Linux calls harm nobody but who makes them, and leave nothing."""
    script = ("mkdir -m 777 /tmp/fuzz; for seed in 1 1000; do /fuzz $seed 15 | tail -1; rm -rf /tmp/fuzz/*; sleep 2; "
              "awk '/MemFree/ { print $2 }' /proc/meminfo; done; ps -o user | grep -c '^user'")
    with tempfile.TemporaryDirectory() as root:
        guest.compile(TREE / "tests" / "posix" / "fuzz_linux_calls.c", f"{root}/fuzz")
        done = guest.run(["sh", "-c", script], root=root, env=ENVIRONMENT, timeout=400)
    lines = done.stdout.splitlines()
    assert (done.stderr, lines[0::2]) == ("", ["15 rounds of 500 calls"] * 2 + ["0"]), done
    assert abs(int(lines[1]) - int(lines[3])) <= 512, done
