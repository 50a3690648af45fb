# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What is made from posix/linux/calls.toml."""

import pathlib
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
GENERATOR = TREE / "tools/generate_linux_abi.py"
CALLS = TREE / "posix/linux/calls.toml"


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


def test_a_mistake_is_named(tmp_path):
    source = tmp_path / "calls.toml"
    source.write_text('[names]\n[calls]\nread = { x86_64 = 0, arguments = "blob fd", '
                      'state = "full" }\n')
    status, _, message = generate(tmp_path, source, "header")
    assert status != 0 and "read" in message and "blob fd" in message
