# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The checkers still bite: each is shown a tree with the fault it looks for."""

import shutil
import struct

import pytest

from trellis import paths
from trellis.lint import budget, headers, includes, layout, shape
from trellis.lint.tree import Tree, count_lines, without_comments

TOP = "/* SPDX-License-Identifier: MIT */\n/* Copyright The Trellis authors */\n"


@pytest.fixture
def tree(tmp_path):
    """Makes a tree of {path: text}; the licence lines are added."""
    def make(files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(TOP + text)
        (tmp_path / "tools").mkdir(exist_ok=True)
        shutil.copy(paths.TREE / budget.TABLE, tmp_path / budget.TABLE)
        return Tree(tmp_path)
    return make


def test_comments_and_blank_lines_do_not_count():
    code = without_comments('int a; // x\n/* one\n   two */ int b;\n\nchar *c = "// no /* no";\n')
    assert count_lines(code) == 3
    assert '"// no /* no"' in code


def test_budget_of_a_part(tree):
    parts = budget.table_of(tree({}))["part"]
    allowed = next(part["lines"] for part in parts if part["name"] == "locks, RCU")
    made = tree({"kernel/core/lock.c": "int x;\n" * (allowed + 1)})
    assert any(f"locks, RCU: {allowed + 1} lines, {allowed} allowed" in finding for finding in budget.check(made))
    assert not budget.check(tree({"kernel/core/lock.c": "int x;\n" * allowed}))


def test_budget_leaves_tests_and_the_host_port_out(tree):
    made = tree({"kernel/core/lock_test.c": "int x;\n" * 999, "kernel/arch/host/a.c": "int x;\n"})
    assert budget.counted_files(made) == [] and not budget.check(made)


def test_budget_wants_a_part_for_each_file(tree):
    assert any("no part" in one for one in budget.check(tree({"kernel/core/odd.c": "int x;\n"})))


def test_budget_of_assembly(tree):
    made = tree({"kernel/arch/x86_64/a.S": "nop\n" * 6, "kernel/arch/x86_64/a.c": "int x;\n" * 94})
    assert any("assembly" in finding for finding in budget.check(made))


def test_budget_of_the_image(tree, tmp_path):
    made = tree({})
    image = tmp_path / "build/x86_64/kernel/trellis.elf"
    image.parent.mkdir(parents=True)
    for size, findings in ((500000, []), (500001, ["image of 500001 bytes, 500000 allowed"])):
        header = bytearray(64 + 56)
        struct.pack_into("<Q", header, 32, 64)
        struct.pack_into("<HH", header, 54, 56, 1)
        struct.pack_into("<IIQQQQ", header, 64, 1, 0, 0, 0, 0, size)
        image.write_bytes(header)
        assert [str(finding).rpartition(": ")[2] for finding in budget.check(made)] == findings


@pytest.mark.parametrize("path, include, words", [
    ("kernel/core/lock.c", "<base/list.h>", "kernel must not include"),
    ("kernel/core/lock.c", "<protocols/fs.h>", "kernel must not include"),
    ("abi/include/trellis/x.h", "<kernel/lock.h>", "abi must not include"),
    ("servers/tty/main.c", "<kernel/lock.h>", "servers must not include"),
    ("servers/tty/main.c", "<tmpfs/node.h>", "servers must not include"),
    ("lib/base/list.c", "<posix/fd.h>", "lib must not include"),
    ("drivers/uart/ns16550/main.c", "<stdio.h>", "not a freestanding header"),
    ("drivers/uart/ns16550/main.c", "<sys/mman.h>", "belongs to no part"),
    ("lib/base/list.c", '"../../kernel/lock.h"', "climbs out"),
])
def test_includes_against_the_order(tree, path, include, words):
    made = tree({
        "kernel/include/kernel/lock.h": "", "lib/base/include/base/list.h": "",
        "protocols/include/protocols/fs.h": "", "servers/tmpfs/include/tmpfs/node.h": "",
        "posix/include/posix/fd.h": "", path: f"#include {include}\n",
    })
    findings = includes.check(made)
    assert len(findings) == 1 and words in findings[0] and findings[0].startswith(f"{path}:3:")


def test_includes_along_the_order(tree):
    made = tree({
        "kernel/include/kernel/lock.h": "#include <trellis/status.h>\n#include <stdint.h>\n",
        "abi/include/trellis/status.h": "", "lib/base/include/base/list.h": "",
        "protocols/include/protocols/fs.h": "#include <trellis/status.h>\n",
        "servers/tty/line.h": "", "servers/tty/line.c": '#include "line.h"\n'
        "#include <base/list.h>\n#include <protocols/fs.h>\n",
        "servers/tty/line_test.c": "#include <stdio.h>\n#include <kernel/lock.h>\n",
    })
    assert includes.check(made) == []


def test_cycles_among_libraries(tree):
    made = tree({"lib/a/include/a/a.h": "#include <b/b.h>\n",
                 "lib/b/include/b/b.h": "#include <a/a.h>\n"})
    assert any("include each other" in finding for finding in includes.check(made))


def test_own_header_first(tree):
    made = tree({"lib/a/include/a/one.h": "",
                 "lib/a/one.c": "#include <stdint.h>\n#include <a/one.h>\n"})
    assert any("must be included first" in finding for finding in includes.check(made))


@pytest.mark.parametrize("text, words", [
    ("int f(void)\n{\n" + "    g();\n" * 98 + "}\n", "f has 101 lines"),
    ("int f(int a, int b, int c, int d, int e, int g)\n{\n}\n", "f has 6 parameters"),
    ("int x;\n" * 500, "502 lines, 500 allowed"),
    ("#if defined(__x86_64__)\n#endif\n", "architecture conditional"),
    ("#elif defined(__riscv)\n", "architecture conditional"),
    ("typedef struct {\n    int a;\n} thing;\n", "no typedefs"),
    ("extern int x;\n", "extern in a .c file"),
    ("void f(void)\n{\n    goto out;\n}\n", "no goto"),
    ("void f(void)\n{\n    atomic_store(&a, 1);\n}\n", "overtake"),
    ("void f(void)\n{\n    __atomic_store_n(&a, 1, __ATOMIC_SEQ_CST);\n}\n", "overtake"),
])
def test_shape(tree, text, words):
    findings = shape.check(tree({"lib/base/x.c": text}))
    assert len(findings) == 1 and words in findings[0]


def test_shape_accepts_what_is_right(tree):
    text = "int f(int (*g)(int, int, int, int, int, int), int b)\n{\n    return b;\n}\n"
    assert shape.check(tree({"lib/base/x.c": text, "kernel/arch/x86_64/y.c":
                             "#ifdef __x86_64__\n#endif\n"})) == []


def test_licence_lines(tree, tmp_path):
    made = tree({})
    (tmp_path / "bare.c").write_text("int x;\n")
    made = Tree(tmp_path)
    assert [finding.split(":")[0] for finding in shape.check_licence(made)] == ["bare.c"]


def test_headers_that_lean_on_others(tree):
    made = tree({"lib/a/include/a/one.h": "#pragma once\nuint32_t x(void);\n",
                 "lib/a/include/a/two.h": "#pragma once\n#include <stdint.h>\nuint32_t y(void);\n"})
    findings = headers.check(made)
    assert len(findings) == 1 and "one.h" in findings[0]


def test_layout(tree, tmp_path):
    shutil.copy(paths.TREE / ".clang-format", tmp_path)
    made = tree({"lib/a/one.c": "int  x ;\n", "lib/a/two.c": "int x;\n"})
    assert [finding.split(":")[0] for finding in layout.check(made)] == ["lib/a/one.c"]
