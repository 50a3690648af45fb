# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis run --trace`: each Linux call, as strace shows it."""

import re

ENVIRONMENT = {"PATH": "/bin:/sbin:/usr/bin:/usr/sbin"}


def traced(guest, arguments):
    """(what the command's end was, its traced lines without their pids)."""
    done = guest.run(arguments, env=ENVIRONMENT, trace=True)
    return done, [line.split("] ", 1)[1] for line in done.stderr.splitlines() if line.startswith("[")]


def assert_traced(lines, *expected):
    """Each of these patterns is a whole line, one after the other; those of a set in any order."""
    rest = iter(lines)
    for pattern in expected:
        missing = set(pattern) if isinstance(pattern, set) else {pattern}
        while missing:
            line = next(rest, None)
            assert line is not None, (missing, lines)
            missing -= {one for one in missing if re.fullmatch(one, line)}


def test_files(guest):
    done, lines = traced(guest, ["sh", "-c", "cp /etc/hostname /tmp/x; cat /tmp/x /none; ls /tmp; chmod 600 /tmp/x"])
    assert (done.status, done.stdout) == (0, "trellis\nx\n"), done
    assert_traced(
        lines, r'openat\(AT_FDCWD, "/etc/hostname", O_RDONLY\) = 3',
        r'openat\(AT_FDCWD, "/tmp/x", O_WRONLY\|O_CREAT\|O_TRUNC, 0100644\) = 4',
        r"sendfile\(4, 3, NULL, 16777216\) = 8", r"close\(4\) = 0", r"exit_group\(0\) = \?", r"\+\+\+ exited with 0 \+\+\+",
        r'openat\(AT_FDCWD, "/none", O_RDONLY\) = -1 ENOENT \(No such file or directory\)',
        r"getdents64\(3, 0x[0-9a-f]+ /\* 3 entries \*/, \d+\) = \d+")
    assert any(re.fullmatch(r'newfstatat\(AT_FDCWD, "/tmp/x", {st_mode=S_IFREG\|0644, st_size=8, ...}, AT_SYMLINK_NOFOLLOW\) = 0',
                            line) for line in lines), lines


def test_processes_and_signals(guest):
    done, lines = traced(guest, ["sh", "-c", "trap 'echo caught' USR1; sleep 0.1; kill -USR1 $$; sh -c 'kill -SEGV $$'; exit 3"])
    assert (done.status, done.stdout) == (3, "caught\n"), done
    assert_traced(
        lines, r"rt_sigaction\(SIGUSR1, {sa_handler=0x[0-9a-f]+, sa_mask=~\[RTMIN RT_1\], sa_flags=.*}, NULL, 8\) = 0",
        r"rt_sigprocmask\(SIG_SETMASK, \[\], NULL, 8\) = 0",
        r'execve\("/proc/self/exe", \["sleep", "0\.1"\], 0x[0-9a-f]+ /\* \d+ vars \*/\) = 0',
        r"clock_nanosleep\(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=100000000}, 0x[0-9a-f]+\) = 0",
        {r"wait4\(-1, \[{WIFEXITED\(s\) && WEXITSTATUS\(s\) == 0}\], 0, NULL\) = 3",
         r"--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=3, si_uid=0, si_status=0} ---"},
        r"kill\(2, SIGUSR1\) = 0", r"--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=2, si_uid=0} ---",
        r"rt_sigreturn\(\) = 0",
        {r"wait4\(-1, \[{WIFSIGNALED\(s\) && WTERMSIG\(s\) == SIGSEGV}\], 0, NULL\) = 4",
         r"--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=4, si_uid=0, si_status=SIGSEGV} ---"},
        r"exit_group\(3\) = \?", r"\+\+\+ exited with 3 \+\+\+")


def test_ends_by_signals(guest):
    """Of a process that another ends too, waiting, running or stopped; and of the first."""
    done, lines = traced(guest, ["sh", "-c", "sleep 9 & kill -TERM $!; wait $!; while :; do :; done & kill -KILL $!; wait $!; "
                                             "sleep 9 & kill -STOP $!; kill -KILL $!; wait $!; kill -HUP $$"])
    assert done.status == 128 + 1, done
    assert_traced(lines, *(rf"\+\+\+ killed by SIG{name} \+\+\+" for name in ("TERM", "KILL", "KILL", "HUP")))


def test_waits_and_sockets(guest):
    done, lines = traced(guest, ["sh", "-c", "logger x; echo y | timeout 5 cat | wc -l; ls < /dev/ptmx > /dev/null"])
    assert (done.status, done.stdout) == (0, "1\n"), done
    for pattern in (r"socket\(AF_UNIX, SOCK_DGRAM\|SOCK_CLOEXEC, 0\) = 3",
                    r'connect\(3, {sa_family=AF_UNIX, sun_path="/dev/log"}, 110\) = -1 ENOENT \(No such file or directory\)',
                    r"pipe2?\(\[3, 4\].*\) = 0", r"ioctl\(0, TIOCGWINSZ, 0x[0-9a-f]+\) = 0"):
        assert any(re.fullmatch(pattern, line) for line in lines), (pattern, lines)
