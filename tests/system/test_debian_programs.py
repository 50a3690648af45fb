# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Programs nobody here compiled: Debian's busybox, and what stock gcc makes.

The host's Linux is the oracle: the same file gives the same output there.
"""

import difflib
import os
import pathlib
import subprocess
import tempfile

from trellis import qemu, root_files

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "posix"
PROGRAMS = ("threads", "signals", "processes", "memory", "files", "events", "names", "sockets", "local_sockets",
            "terminals", "machine", "vectors", "processors", "times", "calls", "at_calls")
COUNTED = ("times",)  # what it samples is told by instructions, not by how busy the host is
LIBRARIES = ("glibc", "musl")


def expected_output(script, to_a_file):
    """(output, status) of a script run by the same busybox on the host, in an empty directory.

    `to_a_file`: by way of a file, for sendfile puts pages into a pipe that change with the file they are of.
    """
    busybox = root_files.host_busybox()
    with tempfile.TemporaryDirectory() as place:
        applets = pathlib.Path(place, "applets")
        applets.mkdir()
        for name in subprocess.check_output([busybox, "--list"], text=True).split():
            (applets / name).symlink_to(busybox)
        work = pathlib.Path(place, "work")
        work.mkdir()
        told = pathlib.Path(place, "told")
        with open(told, "wb") as file:
            done = subprocess.run([applets / "sh", script], cwd=work, env={"PATH": str(applets), "HOME": "/root"},
                                  stdout=file if to_a_file else subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  timeout=120, check=False)
        return told.read_text() if to_a_file else done.stdout.decode(), done.returncode


def same_on_both(guest, name, to_a_file=False):
    expected, status = expected_output(SOURCES / name, to_a_file)
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(f"{root}/tests")
        pathlib.Path(root, "tests", name).write_bytes((SOURCES / name).read_bytes())
        done = guest.run(["sh", "-c", f"mkdir /tmp/work && cd /tmp/work && renice -n {os.nice(0)} -p $$ && exec sh /tests/{name}"],
                         root=root, env={"PATH": "/bin:/sbin:/usr/bin:/usr/sbin"})
    differences = difflib.unified_diff(expected.splitlines(), done.stdout.splitlines(), "Linux", "Trellis", lineterm="")
    assert done.stdout == expected, "\n".join(differences)
    assert done.status == status, done


def test_df(guest):
    done = guest.run(["df", "-P", "/", "/proc"])
    names = [(line.split()[0], line.split()[-1]) for line in done.stdout.splitlines()[1:]]
    assert (done.status, names) == (0, [("tmpfs", "/"), ("proc", "/proc")]), done


def test_shell_script(guest):
    assert len((SOURCES / "shell.sh").read_text().splitlines()) >= 300
    same_on_both(guest, "shell.sh")


def test_applets(guest):
    same_on_both(guest, "applets.sh", to_a_file=True)  # it copies files that it changes just after


def test_proc_and_devices(guest):
    same_on_both(guest, "proc.sh")


def test_processors_of_the_applets(guest):
    script = "nproc; last=$(($(nproc) - 1)); taskset -c $last nproc; taskset -c $last sh -c 'grep Cpus_allowed_list /proc/self/status; taskset -pc $$'"
    done = guest.run(["sh", "-c", script])
    last = guest.cpus - 1
    assert done.stdout.splitlines() == [
        str(guest.cpus), "1", f"Cpus_allowed_list:\t{last}", f"pid 2's current affinity list: {last}"], done


def test_processors_in_sys(guest):
    cpus = "/sys/devices/system/cpu"
    script = (f"nproc --all; cat {cpus}/online {cpus}/possible {cpus}/present {cpus}/kernel_max; ls -d {cpus}/cpu?; "
              f"cat {cpus}/cpu?/topology/core_id {cpus}/cpu0/topology/package_cpus; ls {cpus}/cpu{guest.cpus}; "
              "stat -f -c %T /sys; mount | grep sysfs; grep -c ' 0:4 / /sys ' /proc/self/mountinfo; stat -c %d /sys")
    done = guest.run(["sh", "-c", f"({script}) 2>&1"])
    numbers = range(guest.cpus)
    all_of_them = "0" if guest.cpus == 1 else f"0-{guest.cpus - 1}"
    assert done.stdout.splitlines() == [
        str(guest.cpus), all_of_them, all_of_them, all_of_them, "63", *(f"{cpus}/cpu{number}" for number in numbers),
        *(str(number) for number in numbers), f"{(1 << guest.cpus) - 1:x}",
        f"ls: {cpus}/cpu{guest.cpus}: No such file or directory", "sysfs",
        "sysfs on /sys type sysfs (rw,nosuid,nodev,noexec)", "1", "4"], done


def test_another_user(guest):
    script = ("su user -c 'id -u; id -g; whoami; pwd; touch /etc/no 2> /dev/null || echo refused; touch /tmp/own; "
              "cat /etc/shadow 2> /dev/null || echo secret; kill -0 1 2> /dev/null || echo not mine; "
              "renice -n -5 -p $$ 2> /dev/null || echo no priority; renice -n 5 -p $$; cut -d \" \" -f 19 /proc/self/stat'; echo $?;"
              "stat -c '%U %G' /tmp/own; su user -c 'exit 3'; echo $?; id -u; "
              "su user -c 'sleep 9 & sleep 1; ps -o user,comm' | awk '$2 == \"sleep\" {print}'; su nosuch -c id 2>&1")
    done = guest.run(["sh", "-c", f"cd /tmp; {script}"], env={"PATH": "/bin:/sbin:/usr/bin:/usr/sbin"})
    assert done.stdout.splitlines() == [
        "1000", "1000", "user", "/tmp", "refused", "secret", "not mine", "no priority", "5", "0",
        "user user", "3", "0", "user     sleep", "su: unknown user nosuch"], done


def test_system_log(guest):
    script = ("syslogd -n -O /tmp/log & while ! [ -S /dev/log ]; do sleep 0.01; done; "
              "logger -t one first; logger -p user.err -t two second; "
              "while [ \"$(grep -c 'one: first\\|two: second' /tmp/log)\" != 2 ]; do sleep 0.01; done; echo logged; kill $!")
    done = guest.run(["sh", "-c", script], env={"PATH": "/bin:/sbin:/usr/bin:/usr/sbin"})
    assert (done.status, done.stdout) == (0, "logged\n"), done


def test_kernel_log(guest):
    """What `dmesg` shows is what the host is told; clearing hides it; it is root's alone."""
    script = ("while [ $(dmesg | grep -c 'started again') != 2 ]; do sleep 0.1; done; "
              "dmesg; echo end; dmesg -c | wc -l; dmesg; echo none; su user -c dmesg 2>&1; dmesg -n 1 2>&1")
    done = guest.run(["sh", "-c", script], append="init.kill=clock@100ms,clock@200ms", env={"PATH": "/bin:/sbin:/usr/bin"})
    shown, _, rest = done.stdout.partition("\nend\n")
    assert shown and done.log.strip().startswith(shown.strip()) and "MiB of memory" in shown, done
    assert rest.splitlines()[1:] == ["none", "dmesg: klogctl: Operation not permitted", "dmesg: klogctl: Invalid argument"], done
    assert int(rest.splitlines()[0]) == shown.count("\n") + 1, done


def checked_program(guest, name, library):
    with tempfile.TemporaryDirectory() as root:
        program = pathlib.Path(root, "bin", name)
        program.parent.mkdir()
        guest.compile(SOURCES / f"{name}.c", program, "-pthread",
                      f"-I{SOURCES}/arch/{guest.architecture}", musl=library == "musl")
        if guest.runs_here:
            subprocess.run([program], check=True, timeout=60)
        counting = {"extra": qemu.EXACT_COUNTING, "timeout": 300} if name in COUNTED else {}
        done = guest.run([f"/bin/{name}"], root=root, **counting)
    assert (done.status, done.stderr) == (0, ""), done


def _make_tests():
    for library in LIBRARIES:
        for name in PROGRAMS:
            def test(guest, name=name, library=library):
                checked_program(guest, name, library)
            globals()[f"test_{name}_{library}"] = test


_make_tests()
