# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""A user at the shell's terminal: editing, job control, flow, windows, whole-screen programs.

The shell is busybox ash with a prompt that nothing else prints. An answer is told from the
echo of what was typed by the newline before it. Enter is "\r", as keyboards have it.
"""

import contextlib
import hashlib
import pathlib
import shutil
import tempfile

from trellis import private_root

PROMPT = r"=> \x1b\[6n"  # asking where the cursor is, which nobody answers before it is asked
BOOT_S = 120


@contextlib.contextmanager
def prompt(guest, *options, **window):
    """A shell that has shown its prompt."""
    with guest.shell(*options, **window) as shell:
        shell.expect(r"# \x1b\[6n", timeout=BOOT_S)
        shell.send("PS1='=''> '\r")
        shell.expect(PROMPT)
        yield shell


def ask(shell, typed, answer):
    """Types a line, and waits for its answer and the next prompt."""
    shell.send(typed + "\r")
    shell.expect(f"\n{answer}\r\n")
    shell.expect(PROMPT)


def run_until_ready(shell, command):
    """Starts a program in the foreground, and waits until it runs there."""
    shell.send(f"sh -c 'echo rea''dy; exec {command}'\r")
    shell.expect("\nready\r\n")


def test_line_editing(guest):
    with prompt(guest) as shell:
        ask(shell, "echo one-tw\x7f\x7ftwo", "one-two")
        ask(shell, "\x1b[A", "one-two")
        ask(shell, "cho begin\x01e", "begin")
        ask(shell, "cho end\x01e\x05-of-line", "end-of-line")
        ask(shell, "garbage\x15echo killed", "killed")
        ask(shell, "echo a bad\x17good", "a good")
        ask(shell, "echo ac\x1b[Db\x1b[Cd", "abcd")
        ask(shell, "\x1b[A\x1b[A", "a good")


def test_editing_of_a_programs_lines(guest):
    with prompt(guest) as shell:
        run_until_ready(shell, "cat")
        for typed, line in (("wromg\x7f\x7f\x7fong", "wrong"), ("all\x15anew", "anew"),
                            ("two words\x17things", "two things"), ("a\x16\x03b", "a\x03b")):
            shell.send(typed + "\r")
            shell.expect(f"\n{line}\r\n")
        shell.send("no newline\x04")
        shell.expect("no newlineno newline")
        shell.send("\x04")
        shell.expect(PROMPT)


def test_interrupt_and_quit(guest):
    with prompt(guest) as shell:
        run_until_ready(shell, "sleep 1000")
        shell.send("\x03")
        shell.expect(PROMPT)
        ask(shell, "echo status=$?", "status=130")
        run_until_ready(shell, "sleep 1000")
        shell.press("\x1c", PROMPT)  # the shell ignores SIGQUIT for a moment while it starts a program
        ask(shell, "echo status=$?", "status=131")
        shell.send("echo never\x03")
        shell.expect(PROMPT)
        ask(shell, "echo status=$?", "status=130")
        ask(shell, "trap 'echo caught' INT; sh -c 'kill -INT $PPID'", "caught")


def test_stop_and_continue(guest):
    with prompt(guest) as shell:
        run_until_ready(shell, "sleep 1000")
        shell.send("\x1a")
        shell.expect("Stopped")
        shell.expect(PROMPT)
        ask(shell, "jobs", r"\[1\].*Stopped.*sleep 1000.*")
        ask(shell, "bg", r"\[1\].*sleep 1000.*")
        ask(shell, "jobs", r"\[1\].*Running.*sleep 1000.*")
        shell.send("fg\r")
        shell.expect("\n.*sleep 1000.*\r\n")
        shell.press("\x03", PROMPT)  # before the shell has given the terminal away it is the shell's
        ask(shell, "echo status=$?", "status=130")
        run_until_ready(shell, "cat")
        shell.send("\x1a")
        shell.expect("Stopped")
        shell.expect(PROMPT)
        shell.send("fg\r")
        shell.expect("cat.*\r\n")
        shell.send("still here\r")
        shell.expect("still here\r\nstill here\r\n")
        shell.send("\x04")
        shell.expect(PROMPT)


def test_background_readers_and_writers_stop(guest):
    with prompt(guest) as shell:
        shell.send("cat &\r")
        shell.expect(PROMPT)
        shell.watch(1)
        ask(shell, "jobs", r"\[1\].*Stopped \(tty input\).*cat.*")
        shell.send("fg\r")
        shell.expect("cat\r\n")
        shell.send("to the reader\r")
        shell.expect("to the reader\r\nto the reader\r\n")
        shell.send("\x04")
        shell.expect(PROMPT)
        ask(shell, "stty tostop; (sleep 1; echo from behind) & echo go", "go")
        shell.watch(3)
        ask(shell, "jobs", r"\[1\].*Stopped \(tty output\).*")
        shell.send("fg\r")
        shell.expect("\nfrom behind\r\n")
        shell.expect(PROMPT)
        ask(shell, "stty -tostop; (echo freely) & wait", "freely")


def test_silent_input(guest):
    with prompt(guest) as shell:
        shell.send("sh -c 'read -s -p word: w; echo \"<$w>\"'\r")
        shell.expect("\nword:")
        shell.watch(1)  # the shell prompts first and stops the echo then
        shell.send("secret\r")
        assert shell.expect("<secret>\r\n") and shell.transcript.count("secret") == 1
        shell.expect(PROMPT)
        shell.send("sh -c 'stty -echo; echo word:; read w; stty echo; echo \"<$w>\"'\r")
        shell.expect("\nword:\r\n")
        shell.send("hidden\r")
        assert shell.expect("<hidden>\r\n") and shell.transcript.count("hidden") == 1
        shell.expect(PROMPT)


def test_typing_ahead(guest):
    with prompt(guest) as shell:
        run_until_ready(shell, "sleep 2")
        shell.send("echo first\recho sec")
        shell.watch(1)
        shell.send("ond\r")
        shell.expect("\nfirst\r\n")
        shell.expect("\nsecond\r\n")
        shell.expect(PROMPT)
        # The shell reads in raw mode, cat does not: cat's lines come while either may hold.
        shell.send("cat\rfor cat\rfor it too\r")
        shell.expect("for cat\r\nfor it too\r\n")
        shell.watch(1)
        shell.send("\x04")
        shell.expect(PROMPT)
        # From raw to lines with a byte left that ended none.
        shell.send("sh -c 'stty -icanon -echo min 1; echo ra''w; sleep 2; stty icanon echo; head -n1'\r")
        shell.expect("\nraw\r\n")
        shell.send("left over\r")
        shell.expect("left over\r\n")
        shell.expect(PROMPT)


def test_paste_without_loss(guest):
    text = "".join(f"{number:06} a line of a long paste, typed faster than it is read\n"
                   for number in range(1700))
    with prompt(guest) as shell:
        shell.send("stty -echo; echo q''uiet; cat > /tmp/paste; stty echo\r")
        shell.expect("\nquiet\r\n")
        shell.send(text.replace("\n", "\r"))
        shell.send("\x04")
        shell.expect(PROMPT, timeout=100)
        ask(shell, "wc -c < /tmp/paste", str(len(text)))
        ask(shell, "md5sum < /tmp/paste", hashlib.md5(text.encode()).hexdigest() + ".*")
        run_until_ready(shell, "cat > /tmp/echoed")
        shell.send(text[:20000].replace("\n", "\r") + "\r\x04")
        shell.expect(text[:20000].splitlines()[-1] + "\r\n", timeout=60)
        shell.expect(PROMPT, timeout=60)
        ask(shell, "wc -c < /tmp/echoed", "20001")


def test_flow_control(guest):
    with prompt(guest) as shell:
        shell.send("sh -c 'while :; do echo ti''ck; usleep 50000; done'\r")
        shell.expect("\ntick\r\n")
        shell.send("\x13")
        shell.watch(2)
        assert shell.watch(2) == ""
        shell.send("\x11")
        assert "tick" in shell.watch(2)
        shell.send("\x13")
        shell.watch(1)
        shell.send("\x03")
        shell.expect(PROMPT)
        shell.send("stty -ixon\r")
        shell.expect(PROMPT)
        run_until_ready(shell, "cat -v")
        shell.send("\x13\r")
        shell.expect(r"\n\^S\r\n")


def test_window_size(guest):
    with prompt(guest, rows=24, columns=80) as shell:
        ask(shell, "stty size", "24 80")
        shell.send("sh -c 'trap \"stty size\" WINCH; echo rea''dy; while :; do sleep 1; done'\r")
        shell.expect("\nready\r\n")
        shell.resize(30, 100)
        shell.expect("30 100\r\n")
        shell.send("\x03")
        shell.expect(PROMPT)
        ask(shell, "stty size", "30 100")
        ask(shell, "stty rows 40 cols 90; stty size", "40 90")


def test_settings_and_reset(guest):
    with prompt(guest) as shell:
        shell.send("stty -a\r")
        shell.expect(r"speed \d+ baud; rows 24; columns 80;")
        shell.expect(r"intr = \^C; quit = \^\\; erase = \^\?; kill = \^U;")
        shell.expect(r"\bicanon\b")
        shell.expect(PROMPT)
        ask(shell, "stty intr ^X; stty -a | grep -o 'intr = ^X'", r"intr = \^X")
        run_until_ready(shell, "sleep 1000")
        shell.send("\x18")
        shell.expect(PROMPT)
        ask(shell, "stty sane; saved=$(stty -g); stty raw; stty $saved; stty -g | grep -cF $saved", "1")
        shell.send("stty -echo -icanon; reset; echo bac''k\r")
        shell.expect("h?back\r\n")
        shell.expect(PROMPT)
        ask(shell, "stty -a | grep -o ' icanon'", " icanon")


def test_vi(guest):
    with prompt(guest) as shell:
        shell.send("vi /tmp/file\r")
        shell.expect("~")
        shell.send("ifirst\rsecomd")
        shell.expect("secomd")
        shell.send("\x1b")
        shell.watch(1)  # as on Linux, bytes right behind ESC would be a key's
        shell.send("hrn")
        shell.send("yyp:s/second/third/\r:wq\r")
        shell.expect(PROMPT)
        ask(shell, "tr '\\n' , < /tmp/file; echo", "first,second,third,")


def test_less(guest):
    with prompt(guest) as shell:
        shell.send("seq 100 > /tmp/numbers; less /tmp/numbers\r")
        shell.expect("(?s)1\r?\n.*2\r?\n.*23")
        shell.send(" ")
        shell.expect("(?s)24.*46")
        shell.watch(1)  # while it draws, the terminal makes a newline of Enter, which ends no search
        shell.send("/77\r")
        shell.expect("(?s)77.*78")
        shell.send("g")
        shell.expect("(?s)1.*2.*22")
        shell.send("G")
        shell.expect("100")
        shell.send("q")
        shell.expect(PROMPT)


def test_top(guest):
    with prompt(guest) as shell:
        shell.send("top -d 1\r")
        for _ in range(2):
            shell.expect("(?s)Mem:.*CPU:.*Load average:.*PID.*top", timeout=60)
        shell.send("q")
        shell.expect(PROMPT)


def test_script_records_a_session(guest):
    with tempfile.TemporaryDirectory() as root:
        for package in ("libc6", "bsdutils"):
            files = pathlib.Path(private_root.unpacked(package, guest.debian_architecture), "usr")
            shutil.copytree(files, pathlib.Path(root, "usr"), symlinks=True, dirs_exist_ok=True)
        with prompt(guest, "--root", root) as shell:
            shell.send("script -q /tmp/record\r")
            shell.expect(PROMPT)
            ask(shell, "tty; stty size", "/dev/pts/0\r\n24 80")
            run_until_ready(shell, "sleep 1000")
            shell.send("\x1a")
            shell.expect("Stopped")
            shell.expect(PROMPT)
            shell.send("fg\r")
            shell.expect("sleep 1000.*\r\n")
            shell.watch(1)
            shell.resize(30, 100)
            shell.send("\x03")
            shell.expect(PROMPT)
            ask(shell, "stty size", "30 100")
            shell.send("exit\r")
            shell.expect(PROMPT)
            ask(shell, "tty; grep -c '^/dev/pts/0' /tmp/record", "/dev/console\r\n1")


def test_directory_of_terminals_outlives_the_server(guest):
    done = guest.run(["sh", "-c", "cd /dev/pts; sleep 6; ls; ls /dev/pts; stat -c %F ptmx"],
                     append="init.kill=tty@3s")
    assert done.stdout == "ptmx\nptmx\ncharacter special file\n", done


def test_exit_gives_its_status(guest):
    with prompt(guest) as shell:
        shell.send("exit 9\r")
        assert shell.wait(60) == 9, shell.transcript


def test_end_of_file_leaves_the_shell(guest):
    with prompt(guest) as shell:
        ask(shell, "true; echo still", "still")
        shell.send("\x04")
        assert shell.wait(60) == 0, shell.transcript


def test_poweroff_and_its_like(guest):
    for command in ("poweroff", "halt", "reboot"):
        with prompt(guest) as shell:
            shell.send(f"{command}\r")
            assert shell.wait(60) == 0, (command, shell.transcript)


def test_leaving_a_guest_that_hangs(guest):
    with prompt(guest) as shell:
        run_until_ready(shell, "sleep 1000")
        shell.send("\x1dx\x1dq")
        assert shell.wait(60) == 125, shell.transcript
        assert "left the guest" in shell.transcript


def test_some_of_the_three_are_terminals(guest):
    script = "for fd in 0 1 2; do test -t $fd && echo $fd > /dev/console; done; echo out; echo err >&2"
    with tempfile.TemporaryDirectory() as place:
        file = pathlib.Path(place, "file")
        for redirected, shown, kept in (("2>", "0\r\n1\r\nout\r\n", "err\n"), (">", "0\r\n2\r\nerr\r\n", "out\n"),
                                        ("< /dev/null 2>", "1\r\nout\r\n", "err\n")):
            with guest.shell(command=["sh", "-c", script], redirections=f"{redirected} {file}") as terminal:
                assert terminal.wait(60) == 0, terminal.transcript
                got = terminal.transcript.replace("\r\r", "\r"), file.read_text()  # not raw without input
                assert got == (shown, kept), (redirected, got)
