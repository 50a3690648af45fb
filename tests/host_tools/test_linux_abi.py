# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What is made from posix/linux/calls.toml."""

import pathlib
import re
import subprocess
import sys
import tomllib

TREE = pathlib.Path(__file__).resolve().parents[2]
GENERATOR = TREE / "tools/generate_linux_abi.py"
CALLS = TREE / "posix/linux/calls.toml"
LINUX_NUMBERS = {"x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
                 "generic": "/usr/include/asm-generic/unistd.h"}
SPELLED = {"fstatat": "newfstatat"}


def generate(tmp_path, source, *arguments):
    """Runs the generator; (exit status, text written, standard error)."""
    output = tmp_path / "output"
    part, *rest = arguments
    run = subprocess.run([sys.executable, GENERATOR, source, part, output, *rest],
                         capture_output=True, text=True, check=False)
    return run.returncode, output.read_text() if output.exists() else "", run.stderr


def test_the_page_in_docs_is_the_generated_one(tmp_path):
    status, text, _ = generate(tmp_path, CALLS, "page")
    assert status == 0
    assert (TREE / "docs/linux-abi.md").read_text() == text, (
        "run tools/generate_linux_abi.py posix/linux/calls.toml page docs/linux-abi.md")


def test_numbers_are_those_of_the_architecture(tmp_path):
    _, x86, _ = generate(tmp_path, CALLS, "table", "x86_64")
    _, arm, _ = generate(tmp_path, CALLS, "table", "aarch64")
    assert '[0] = {"read"' in x86 and '[63] = {"read"' in arm
    assert '"fork"' in x86 and '"fork"' not in arm
    _, x86, _ = generate(tmp_path, CALLS, "header", "x86_64")
    _, arm, _ = generate(tmp_path, CALLS, "header", "aarch64")
    assert " LINUX_CALL_READ = 0," in x86 and " LINUX_CALL_READ = 63," in arm
    assert "LINUX_CALL_FORK" in x86 and "LINUX_CALL_FORK" not in arm


def test_numbers_are_those_of_linux():
    calls = tomllib.loads(CALLS.read_text())["calls"]
    for key, path in LINUX_NUMBERS.items():
        text = pathlib.Path(path).read_text()
        linux = {name: int(number)
                 for name, number in re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)\b", text)}
        for other, name in SPELLED.items():
            linux[name] = linux.get(name, linux.get(other))
        for name, entry in calls.items():
            if key in entry and name in linux:
                assert entry[key] == linux[name], name
        assert linux["read"] == calls["read"][key]


def test_an_order_of_arguments_may_be_the_architectures_own(tmp_path):
    _, x86, _ = generate(tmp_path, CALLS, "header", "x86_64")
    _, riscv, _ = generate(tmp_path, CALLS, "header", "riscv64")
    order = "clone_arguments {.*?tls.*?child_tid.*?};"
    assert not re.search(order, x86.replace("\n", " ").split("clone3_")[0])
    assert re.search(order, riscv.replace("\n", " "))


def test_names_may_have_the_architectures_own_values(tmp_path):
    _, x86, _ = generate(tmp_path, CALLS, "table", "x86_64")
    _, arm, _ = generate(tmp_path, CALLS, "table", "aarch64")
    assert '{0x10000, "O_DIRECTORY"}' in x86 and '{0x4000, "O_DIRECTORY"}' in arm


def test_a_mistake_is_named(tmp_path):
    source = tmp_path / "calls.toml"
    source.write_text('[names]\n[calls]\nread = { x86_64 = 0, arguments = "blob fd", '
                      'state = "full" }\n')
    status, _, message = generate(tmp_path, source, "header")
    assert status != 0 and "read" in message and "blob fd" in message
