# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Files that are no whole program for this machine: executing them gives what Linux gives.

The host's Linux is the oracle: the same files, the same words.
"""

import os
import pathlib
import random
import struct
import subprocess
import tempfile

from trellis import root_files

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "posix"
ENVIRONMENT = {"PATH": "/bin:/sbin:/usr/bin:/usr/sbin"}
FIELDS = {"magic": (0, "B", 0), "class": (4, "B", 1), "order": (5, "B", 2), "version": (6, "B", 0),
          "type": (16, "<H", 1), "headers_offset": (32, "<Q", 1 << 62),
          "header_size": (54, "<H", 7), "no_headers": (56, "<H", 0)}
LOOP = ("for f in *; do ./$f < /dev/null > /dev/null 2> ../error; "
        "echo $f $? $(sed 's/.*: //' ../error); done")


MACHINE = (18, "<H")
MACHINES = {62, 183}  # x86-64, AArch64


def bad_programs(directory, program):
    """Makes the cases in a directory."""
    def put(name, data, mode=0o755):
        path = pathlib.Path(directory, name)
        path.write_bytes(data)
        path.chmod(mode)

    for size in (1, 4, 20, 63, 64, 100):
        put(f"cut{size}", program[:size])
    another = (MACHINES - {*struct.unpack_from(MACHINE[1], program, MACHINE[0])}).pop()
    for name, (offset, form, value) in {**FIELDS, "machine": (*MACHINE, another)}.items():
        data = bytearray(program)
        struct.pack_into(form, data, offset, value)
        put(f"field_{name}", bytes(data))
    put("missing_interpreter", b"#!/no/such/interpreter\n")
    put("interpreter_is_directory", b"#!/tmp\n")
    put("no_interpreter", b"#!\n")
    put("empty", b"")
    put("forbidden", b"#!/bin/sh\n", 0o644)
    os.mkdir(pathlib.Path(directory, "a_directory"))


def told(line):
    """What a line of LOOP tells: how the shell fails on the bytes of a file it takes for a script
    is another matter on each architecture."""
    name, status, message = (line.split(" ", 2) + [""])[:3]
    is_script = status in ("2", "127") and message != "applet not found"
    return (name, "taken for a script") if is_script else (name, status, message)


def test_bad_programs(guest):
    busybox = root_files.host_busybox()
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as linux_root:
        for place, program in ((root, root_files.busybox_path(guest.architecture)),
                               (linux_root, busybox)):
            pathlib.Path(place, "cases").mkdir()
            bad_programs(pathlib.Path(place, "cases"), program.read_bytes())
        linux = subprocess.run([busybox, "sh", "-c", LOOP], cwd=f"{linux_root}/cases", stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, errors="replace", timeout=60, check=False)
        done = guest.run(["sh", "-c", f"cd /cases; {LOOP}"], root=root, env=ENVIRONMENT)
    assert list(map(told, done.stdout.splitlines())) == list(
        map(told, linux.stdout.splitlines())), (linux.stdout, str(done))


# What the little program is: it has code, constants, data and zeroes, and ends with 42.
PROGRAM = """
int data[5000] = {1, 2, 3}, zeroes[9000];
int main(void) { zeroes[8999] = data[2]; return zeroes[8999] + 39; }
"""
ELF_HEADER, PROGRAM_HEADER, PAGE = 64, 56, 4096
ONLY_IN_MEMORY = range(40, 48)  # p_memsz: how much memory there is to have is the machine's own matter
FAULTS = ("signal 7", "signal 11")


def program_headers(program):
    """(index, type, offset, size in the file) of each."""
    start, count = struct.unpack_from("<Q", program, 32)[0], struct.unpack_from("<H", program, 56)[0]
    for index in range(count):
        kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", program, start + PROGRAM_HEADER * index)
        yield index, kind, offset, size


def put(directory, name, data, mode=0o755):
    path = pathlib.Path(directory, name)
    path.write_bytes(data)
    path.chmod(mode)


def put_truncated(directory, program):
    """Cut in every place of the headers, around the bounds of segments and pages, and anywhere."""
    ends = {0, len(program), *range(ELF_HEADER + PROGRAM_HEADER + 1)}
    edges = {ELF_HEADER + PROGRAM_HEADER * (index + 1) for index, *_ in program_headers(program)}
    for _, kind, offset, size in program_headers(program):
        if kind == 1:
            edges |= {place for end in (offset, offset + size) for place in (end, end & -PAGE, -(-end // PAGE) * PAGE)}
    ends |= {place + by for place in edges for by in (-1, 0, 1)}
    ends |= {random.Random(1).randrange(len(program)) for _ in range(100)}
    for end in ends:
        if 0 <= end <= len(program):
            put(directory, f"cut_{end:06}", program[:end])


def put_damaged(directory, program):
    """Each byte of the headers changed, but for p_memsz."""
    count = sum(1 for _ in program_headers(program))
    for place in range(ELF_HEADER + PROGRAM_HEADER * count):
        within = (place - ELF_HEADER) % PROGRAM_HEADER
        if place >= ELF_HEADER and within in ONLY_IN_MEMORY:
            continue
        for value in {0, 1, 0x7F, 0xFF} - {program[place]}:
            data = bytearray(program)
            data[place] = value
            kind = "header" if place < ELF_HEADER else f"segment{(place - ELF_HEADER) // PROGRAM_HEADER}"
            put(directory, f"{kind}_{place:03}_{value:02x}", bytes(data))


def put_scripts(directory, program):
    """Scripts, and what is neither script nor program."""
    for name, text in {
            "works": "#!/bin/sh\nexit 3\n", "argument": "#!/bin/sh -c exit\n", "missing": "#!/no/such/interpreter\n",
            "missing_here": "#!./none\n", "returns": "#!/bin/sh\r\n", "bare": "#!\n", "spaces": "#!  \t \n",
            "no_newline": "#!/no/such", "directory": "#!./a_directory\n",
            "forbidden": "#!./forbidden\n", "of_program": "#!./cut_000100\n", "of_itself": "#!./script_of_itself\n",
            "long": "#!/" + "x" * 300 + "\n", "long_argument": "#!/bin/sh " + "x" * 300 + "\n", "text": "echo hi\n", "nothing": "",
            "zeroes": "\0" * 200, "zero_in_name": "#!/bin/sh\0x\n", "other_magic": "\x7fELG" + "\0" * 100}.items():
        put(directory, f"script_{name}", text.encode())
    for depth in range(1, 8):
        put(directory, f"chain_{depth}", f"#!./{'chain_' + str(depth - 1) if depth > 1 else 'script_works'}\n".encode())
    put(directory, "forbidden", program, 0o644)
    os.mkdir(pathlib.Path(directory, "a_directory"))
    for name, target in {"dangling": "none", "round": "link_round", "good": "cut_" + f"{len(program):06}"}.items():
        os.symlink(target, pathlib.Path(directory, f"link_{name}"))


def put_interpreted(directory, program):
    """Dynamic programs whose interpreter is not what it should be."""
    put(directory, "interpreter_text", b"no program\n" * 50)
    put(directory, "interpreter_short", b"\x7fELF")
    put(directory, "interpreter_other", program[:18] + b"\xf7\0" + program[20:])
    put(directory, "interpreter_cut", program[:200])
    put(directory, "interpreter_halved", program[:PAGE])
    put(directory, "interpreter_static", program)
    for interpreter in ("/no/such/interpreter", "./a_directory", "./forbidden", "./interpreter_text", "./interpreter_short",
                        "./interpreter_other", "./interpreter_cut", "./interpreter_halved", "./interpreter_static"):
        path = pathlib.Path(directory, "dynamic_" + interpreter.strip("./").replace("/", "_"))
        subprocess.run(["gcc", "-x", "c", "-", "-o", path, f"-Wl,--dynamic-linker={interpreter}"], input=PROGRAM, text=True,
                       check=True)
        dynamic = path.read_bytes()
        place = next(offset for _, kind, offset, _ in program_headers(dynamic) if kind == 3)
        put(directory, f"{path.name}_cut", dynamic[:place + 2])


def ends(text):
    """{name: how it ended} of what exec_each printed."""
    return dict(line.split(": ", 1) for line in text.splitlines())


def is_as_on_linux(name, linux, here):
    """In program headers, where Linux forgives a mistake, we need not; and which fault it is may differ."""
    forgiven = name.startswith("segment") and here in FAULTS and linux in (*FAULTS, "status 42")
    return here == linux or forgiven


def test_what_execve_gives(guest):
    guest.only_on("x86_64", why="the host's Linux is the oracle, and runs programs of its own only")
    with tempfile.TemporaryDirectory() as root:
        little, cases = pathlib.Path(root, "little"), pathlib.Path(root, "cases")
        cases.mkdir()
        little.with_suffix(".c").write_text(PROGRAM)
        guest.compile(little.with_suffix(".c"), little, musl=True)
        guest.compile(SOURCES / "exec_each.c", f"{root}/exec_each")
        for put_some in (put_truncated, put_damaged, put_scripts, put_interpreted):
            put_some(cases, little.read_bytes())
        linux = subprocess.run([f"{root}/exec_each", cases], stdout=subprocess.PIPE, text=True, check=True, timeout=100)
        done = guest.run(["/exec_each", "/cases"], root=root, memory="1G", timeout=300)
    expected, got = ends(linux.stdout), ends(done.stdout)
    assert done.status == 0 and list(expected) == list(got), done
    assert len(expected) > 1000 and {"Exec format error", "status 42", *FAULTS} <= set(expected.values())
    wrong = [(name, expected[name], got[name]) for name in got if not is_as_on_linux(name, expected[name], got[name])]
    assert not wrong, wrong
