# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Dynamic programs from Debian's packages, with their loader and libraries, laid over the root."""

import hashlib
import pathlib
import shutil
import tempfile

from trellis import private_root

C_LIBRARY = ["libc6"]
BASH = ["bash", "libtinfo6"]
COREUTILS = ["coreutils", "libacl1", "libattr1", "libselinux1", "libgmp10", "libssl3t64", "libpcre2-8-0",
             "libcap2", "libsystemd0", "zlib1g", "libzstd1"]
PERL = ["perl-base", "libcrypt1"]
PYTHON = ["python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib", "zlib1g", "libexpat1", "libffi8"]
SQLITE = ["sqlite3", "libsqlite3-0", "libreadline8t64", "libtinfo6", "zlib1g"]
GIT = ["git", "libpcre2-8-0", "zlib1g"]
PROCESSES = ["procps", "libproc2-0", "libncursesw6", "libtinfo6", "libsystemd0", "libcap2", "ncurses-base"]
UTILITIES = ["util-linux", "libsmartcols1"]
UNUSED = shutil.ignore_patterns("gconv", "locale", "doc", "man", "i18n", "lintian")

BASH_SCRIPT = r"""
echo ${BASH_VERSION%%.*}
printf 'b\nc\na\n' | /usr/bin/sort -r
words=(one two three); echo ${#words[@]} ${words[-1]} ${words[@]:0:2}
declare -A map=([x]=1 [y]=2); echo $((map[x] + map[y]))
coproc cat; echo through >&${COPROC[1]}; read -ru ${COPROC[0]} line; echo $line
while read -r line; do echo "<$line>"; done < <(/usr/bin/seq 2)
trap 'echo caught' USR1; kill -USR1 $$
[[ abc =~ ^a(.)c$ ]] && echo ${BASH_REMATCH[1]}
exec {fd}<>/tmp/file; echo by descriptor >&$fd; /usr/bin/cat /tmp/file
/usr/bin/sleep 100 & kill $!; wait $!; echo $?
/usr/bin/ls -ld /tmp | /usr/bin/cut -c1-10
/usr/bin/date -u -d @1000000000 +%F
/usr/bin/stat -c '%a %u %F' /etc/passwd
"""
BASH_OUTPUT = """5
c
b
a
3 three one two
3
through
<1>
<2>
caught
b
by descriptor
143
drwxrwxrwt
2001-09-09
644 0 regular file
"""

PYTHON_PROGRAM = r"""
import asyncio, hashlib, mmap, multiprocessing, os, select, signal, socket, subprocess, tempfile, threading, time

threads = [threading.Thread(target=time.sleep, args=(0.01 * i,)) for i in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
done = subprocess.run(["sh", "-c", "cat; echo err >&2; exit 3"], input=b"in", capture_output=True)
assert (done.returncode, done.stdout, done.stderr) == (3, b"in", b"err\n"), done
try:
    subprocess.run(["/no/such/program"])
except FileNotFoundError as error:
    assert error.filename == "/no/such/program"
left, right = socket.socketpair()
left.sendall(b"x" * 1000)
assert len(right.recv(2000)) == 1000
async def echo():
    process = await asyncio.create_subprocess_exec("echo", "async", stdout=subprocess.PIPE)
    return await process.stdout.read()
assert asyncio.run(echo()) == b"async\n"
async def answer(reader, writer):
    writer.write((await reader.readline()).upper())
    writer.close()
async def serve():
    async with await asyncio.start_unix_server(answer, "/tmp/server"):
        reader, writer = await asyncio.open_unix_connection("/tmp/server")
        writer.write(b"name\n")
        return await reader.read()
assert asyncio.run(serve()) == b"NAME\n"
with tempfile.TemporaryFile() as file:
    file.write(b"a" * 5000)
    file.flush()
    with mmap.mmap(file.fileno(), 0) as mapped:
        mapped[4999] = 98
    file.seek(4999)
    assert file.read() == b"b"
context = multiprocessing.get_context("fork")
queue = context.Queue()
child = context.Process(target=lambda: queue.put(os.getppid()))
child.start()
assert queue.get() == os.getpid()
child.join()
rung = []
signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
signal.setitimer(signal.ITIMER_REAL, 0.01)
while not rung: time.sleep(0.001)
print(hashlib.sha256(b"trellis").hexdigest()[:8], sorted(os.listdir("/proc/self/fd")) != [])
"""

GIT_SCRIPT = r"""
export HOME=/root GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
git init -q -b main one && cd one
for i in 1 2 3; do seq $i 100 > file$i; git add . && git commit -qm commit$i; done
git checkout -q -b side HEAD~1 && echo x > side && git add . && git commit -qm side
git checkout -q main && git merge -q -m merged side
cd .. && git clone -q one two && cd two
git log --format=%s | sort
git gc -q && git fsck && git status --short && git diff --stat HEAD~1 && ls
"""
GIT_OUTPUT = """commit1
commit2
commit3
merged
side
 side | 1 +
 1 file changed, 1 insertion(+)
file1
file2
file3
side
"""


def run_with(guest, packages, command):
    """Runs a command in the default root and the files of these packages."""
    with tempfile.TemporaryDirectory() as root:
        for package in dict.fromkeys(C_LIBRARY + packages):
            files = pathlib.Path(private_root.unpacked(package, guest.debian_architecture), "usr")
            shutil.copytree(files, pathlib.Path(root, "usr"), symlinks=True, dirs_exist_ok=True, ignore=UNUSED)
        return guest.run(command, root=root, env={"PATH": "/bin:/sbin:/usr/bin:/usr/sbin", "LC_ALL": "C"}, memory="1024M",
                         timeout=300)


def test_bash_and_coreutils(guest):
    done = run_with(guest, BASH + COREUTILS, ["bash", "-c", BASH_SCRIPT])
    assert (done.status, done.stdout, done.stderr) == (0, BASH_OUTPUT, ""), done


def test_python(guest):
    done = run_with(guest, PYTHON, ["python3.13", "-c", PYTHON_PROGRAM])
    digest = hashlib.sha256(b"trellis").hexdigest()[:8]
    assert (done.status, done.stdout, done.stderr) == (0, f"{digest} True\n", ""), done


def test_git(guest):
    done = run_with(guest, GIT, ["sh", "-c", f"cd /tmp; {GIT_SCRIPT}"])
    assert (done.status, done.stdout) == (0, GIT_OUTPUT), done


def test_perl_and_sqlite(guest):
    perl = "print sort { $b <=> $a } (1, 3, 2); print `echo sub`; $SIG{ALRM} = sub { print qq(alarm\\n) }; alarm 1; sleep 5"
    sql = ("create table t(a int, b text); insert into t values (1, 'x'), (2, 'y'); pragma journal_mode = wal; "
           "insert into t values (3, 'z'); select sum(a), group_concat(b) from t;")
    done = run_with(guest, PERL + SQLITE, ["sh", "-c", f"perl -e '{perl}'; echo \"{sql}\" | sqlite3 /tmp/base"])
    assert (done.status, done.stdout, done.stderr) == (0, "321sub\nalarm\nwal\n6|x,y,z\n", ""), done


def test_process_tools(guest):
    script = r"""
/usr/bin/ps -e -o ppid=,user=,comm= | head -n 2
/usr/bin/ps aux | head -n 1 | tr -s ' '
/usr/bin/top -b -n 1 | grep -c '^%Cpu\|PID USER'
/usr/bin/free | cut -c 1-4
/usr/bin/vmstat | wc -l
/usr/bin/pgrep -xc bash
sleep 60 & /usr/bin/pkill -x sleep; wait $!; echo $?
/usr/bin/pmap $$ | tail -n 1 | cut -c 1-6
/usr/bin/pwdx $$ | cut -d ' ' -f 2
/usr/bin/uptime | grep -c 'load average'
/usr/bin/w -h | wc -l
"""
    done = run_with(guest, PROCESSES + BASH, ["bash", "-c", script])
    expected = ("    0 root     init\n    1 root     bash\nUSER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\n"
                "2\n    \nMem:\nSwap\n3\n1\n143\n total\n/\n1\n0\n")
    assert (done.status, done.stdout) == (0, expected), done


def test_lscpu(guest):
    script = "lscpu; echo --; lscpu -p=cpu,core,socket,online; getconf _NPROCESSORS_CONF; getconf _NPROCESSORS_ONLN"
    done = run_with(guest, UTILITIES + ["libc-bin"], ["sh", "-c", script])
    summary, _, rest = done.stdout.partition("--\n")
    said = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in summary.splitlines())}
    numbers = range(guest.cpus)
    assert done.status == 0 and said["Architecture"] == guest.architecture, done
    assert said["CPU(s)"] == str(guest.cpus), done
    assert said["On-line CPU(s) list"] == ("0" if guest.cpus == 1 else f"0-{guest.cpus - 1}"), done
    cores = said.get("Core(s) per socket") or said["Core(s) per cluster"]  # the latter on AArch64
    assert (said["Thread(s) per core"], cores) == ("1", str(guest.cpus)), done
    assert [line for line in rest.splitlines() if not line.startswith("#")] == [
        *(f"{number},{number},0,Y" for number in numbers), str(guest.cpus), str(guest.cpus)], done
