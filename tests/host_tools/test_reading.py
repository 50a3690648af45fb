# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What is read out of other programs' text: figures and symbols."""

import subprocess

from trellis import bench_systems, symbols
from trellis.lint import budget


def test_figures_are_the_lines_that_say_so():
    text = "boot\nbench: null_call 97\nbench: half\n[  1.0] bench: no 1\nbench: fork_exit 12\r\n"
    assert bench_systems.figures_in(text) == {"null_call": 97, "fork_exit": 12}


def test_addresses_in_a_panic_get_names(tmp_path):
    source = tmp_path / "a.c"
    source.write_text("int first(void)\n{\n    return 1;\n}\n")
    image = tmp_path / "a.elf"
    subprocess.run(["clang", "--target=x86_64-unknown-linux-gnu", "-g", "-nostdlib", "-static",
                    "-fuse-ld=lld", "-Wl,-Ttext=0x200000,-e,first", source, "-o", image],
                   check=True)
    text = "assertion\n  at 0x0000000000200000\n  at 0xffffffff80000000\nend"
    named = symbols.symbolised(text, image).splitlines()
    assert named[0] == "assertion" and named[-1] == "end"
    assert "first at" in named[1] and "a.c:2" in named[1]
    assert budget.image_bytes(image) < image.stat().st_size


def test_text_without_addresses_or_image_is_left_alone():
    assert symbols.symbolised("nothing here", "/nonexistent") == "nothing here"
    assert symbols.symbolised("  at 0x1000", "/nonexistent") == "  at 0x1000"
