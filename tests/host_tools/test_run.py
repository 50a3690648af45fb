# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""`./trellis run` from the outside, with a stand-in for emulator and guest."""

import json
import pathlib
import signal
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
FRONT_DOOR = [sys.executable, "-B", str(HERE / "fake_trellis.py"), "run"]


def run(*arguments, stdin=b"", **options):
    """Runs the front door; (status, stdout, stderr)."""
    done = subprocess.run([*FRONT_DOOR, *arguments], input=stdin, capture_output=True,
                          timeout=60, check=False, **options)
    return done.returncode, done.stdout, done.stderr.decode()


def test_output_and_status_are_the_commands_own():
    assert run("--", "exit", "7") == (7, b"bye\n", "")


def test_arguments_and_environment_arrive():
    status, output, errors = run("-e", "A=b c", "--", "describe", "x", "y")
    assert (status, output) == (0, b"flags=0 window=0x0 arguments=x y\n")
    assert "A=b c\n" in errors and "HOME=/root" in errors and "TERM" not in errors


def test_long_arguments_go_over_several_frames():
    word = "w" * 5000
    assert run("--", "describe", word)[1].endswith(b"arguments=" + word.encode() + b"\n")


def test_trace_is_asked_for():
    assert run("--trace", "--", "describe")[1].startswith(b"flags=8 ")


def test_standard_input_passes_unchanged_within_credit():
    data = bytes(range(256)) * 300
    assert run("--", "cat", stdin=data) == (0, data, "")


def test_standard_input_may_be_a_file_or_nothing(tmp_path):
    file = tmp_path / "input"
    file.write_bytes(b"from a file")
    with open(file, "rb") as source:
        done = subprocess.run([*FRONT_DOOR, "--", "cat"], stdin=source, capture_output=True,
                              check=False)
    assert done.stdout == b"from a file"
    done = subprocess.run([*FRONT_DOOR, "--", "cat"], stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.parametrize("arguments, status, words", [
    (["--", "killed"], 137, ""),
    (["--", "nothere"], 127, "nothere: No such file"),
    (["--", "forbidden"], 126, "forbidden: Permission denied"),
    (["--", "damage"], 125, "1 damaged frame"),
    (["--append", "fake=panic"], 120, "assertion failed"),
    (["--append", "fake=oom"], 121, "account shell asked for 4096 pages"),
    (["--append", "fake=crash"], 122, "SIGABRT"),
    (["--append", "fake=odd"], 122, "status 3"),
    (["--append", "fake=reset"], 120, "reset itself"),
    (["--append", "fake=poweroff"], 0, ""),
    (["--timeout", "0.5", "--", "hang"], 124, "--timeout"),
    (["--network"], 125, "no network yet"),
    (["--disk", "x"], 125, "no disk that lasts yet"),
    (["--arch", "vax"], 125, "choose x86_64, aarch64, riscv64"),
    (["--memory", "lots"], 125, "--memory lots"),
    (["--memory", "2M"], 121, "give at least 4M"),
    (["--machine", "toaster"], 125, "choose q35"),
    (["--smp", "65"], 125, "not there yet"),
    (["--no-such-option"], 125, "unrecognized"),
])
def test_ends(arguments, status, words):
    got, _, errors = run(*arguments)
    assert got == status, errors
    assert words in errors
    assert errors or not words


def test_no_boot_marker():
    from trellis import guest
    assert guest.BOOT_LIMIT_S == 120
    script = "import sys; sys.path.insert(0, sys.argv.pop(1)); import fake_trellis;" \
             "from trellis import guest; guest.BOOT_LIMIT_S = 1; sys.exit(fake_trellis.main())"
    done = subprocess.run([sys.executable, "-B", "-c", script, str(HERE), "run", "--append",
                           "fake=silent"], capture_output=True, text=True, check=False)
    assert done.returncode == 123
    assert "READY" in done.stderr and "early text" in done.stderr


def test_json_tells_the_ends_apart():
    status, output, errors = run("--json", "--", "exit", "120")
    answer = json.loads(output)
    assert status == 120 and errors == ""
    assert (answer["outcome"], answer["status"], answer["stdout"]) == ("exited", 120, "bye\n")
    status, output, _ = run("--json", "--append", "fake=panic")
    answer = json.loads(output)
    assert (status, answer["outcome"], answer["status"]) == (120, "panic", None)
    assert "assertion failed" in answer["message"]
    assert answer["machine"]["cpu"] == "max"


def test_a_reader_that_leaves_ends_the_guest():
    with subprocess.Popen([*FRONT_DOOR, "--", "yes"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"y\n"
        process.stdout.close()
        assert process.wait(20) == 128 + signal.SIGPIPE


def test_a_timeout_holds_though_nobody_reads():
    with subprocess.Popen([*FRONT_DOOR, "--timeout", "1", "--", "yes"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE) as process:
        assert process.wait(20) == 124


def test_signals_go_to_the_command_then_end_it():
    with subprocess.Popen([*FRONT_DOOR, "--", "events"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"watching\r\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"signal 2\r\n"
        process.send_signal(signal.SIGUSR1)
        assert process.stdout.readline() == b"signal 10\r\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM


def test_no_emulator_is_left_behind_when_the_front_door_is_killed():
    with subprocess.Popen([*FRONT_DOOR, "--", "hang"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"hanging\n"
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        child = int(children.split()[0])
        process.kill()
        process.wait()
        deadline = time.monotonic() + 10
        while _runs(child) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not _runs(child)


def _runs(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
