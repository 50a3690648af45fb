# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What is made from abi/calls.toml."""

import subprocess
import sys

from trellis import paths

PAGE = "docs/native-calls.md"


def test_the_page_in_docs_is_the_generated_one(tmp_path):
    generator = paths.TREE / "tools/generate_abi.py"
    subprocess.run([sys.executable, generator, paths.TREE / "abi/calls.toml", "--output-dir", tmp_path, "--part", "abi"],
                   check=True)
    made = (tmp_path / "calls.md").read_text()
    assert (paths.TREE / PAGE).read_text() == made, f"copy abi/include/trellis/calls.md of a build directory to {PAGE}"
