# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What documents tell to type is understood by the front door, and what they point to is there."""

import contextlib
import io
import re
import shlex

from trellis import cli, paths

SPAN = re.compile(r"`(\./trellis[^`]*)`")
LINE = re.compile(r"^    (?:\$ )?(?:echo [^|]*\| )?(\./trellis.*)$", re.MULTILINE)
DESCRIPTION = re.compile(r"\s{2,}.*$")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`((?:abi|bench|boot|docs|drivers|kernel|lib|posix|ports|protocols|servers|system|tests|tools)"
                   r"/[\w./-]*\w/?)`")
SHELL_OPERATORS = (";", "|", "2>&1", "&&")


def documents():
    return [paths.TREE / "README.md", paths.TREE / "CHANGELOG.md", *(paths.TREE / "docs").rglob("*.md")]


def commands_in(text):
    """The front door's command lines in a document, as lists of words."""
    for found in SPAN.findall(text) + LINE.findall(text):
        words = shlex.split(DESCRIPTION.sub("", found.replace("\n", " ")), comments=True)
        words = [word for word in words for word in re.split(r"(;)$", word) if word]
        end = next((at for at, word in enumerate(words) if word in SHELL_OPERATORS), len(words))
        yield words[1:end]


def is_understood(words):
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            cli.parser_of(words).parse_args(words)
    except SystemExit as ended:
        return ended.code == 0
    return True


def test_commands_are_understood():
    commands = [(path.name, words) for path in documents() for words in commands_in(path.read_text())]
    assert len(commands) > 20
    assert not is_understood(["run", "--no-such-option"])
    wrong = [(name, words) for name, words in commands if words and not is_understood(words)]
    assert not wrong, wrong


def test_the_readme_begins_with_the_two_commands():
    text = (paths.TREE / "README.md").read_text()
    first, second = LINE.findall(text)[:2]
    assert first.split("#")[0].split() == ["./trellis", "run"] and second.split("#")[0].split() == ["./trellis", "test"]
    assert text.index(second) < text.index("## The first five minutes") < text.index("## The tree")
    folders = set(re.findall(r"`(\w+)/`", text[text.index("## The tree"):]))
    there = {path.name for path in paths.TREE.iterdir() if path.is_dir() and not path.name.startswith(".")} - {"build"}
    assert folders - there == set() and there - folders <= {"docs", "ports", "sdk"}, (folders, there)


def test_licence_and_status():
    assert "MIT License" in (paths.TREE / "LICENSE").read_text()[:200]
    status = (paths.TREE / "docs" / "status.md").read_text()
    assert [letter for letter in "ABCDEF" if re.search(rf"^- \[[ x]\] \*\*{letter}\*\*", status, re.MULTILINE)] == list("ABCDEF")
    for heading in ("## What works", "## What is missing", "## Next"):
        assert heading in status, heading


def test_links_lead_somewhere():
    links = [(page, target) for page in documents() for target in LINK.findall(page.read_text())]
    assert len(links) > 20
    wrong = [(page.name, target) for page, target in links if not (page.parent / target).exists()]
    assert not wrong, wrong


def test_named_files_are_there():
    named = [(page.name, name) for page in documents() for name in NAMED.findall(page.read_text())
             if not re.search(r"\b[A-Z]{3,}|_WHAT|/trellis\.\w+$", name)]  # patterns, and what is built
    assert len(named) > 50
    wrong = [(page, name) for page, name in named if not (paths.TREE / name).exists()]
    assert not wrong, "\n".join(map(str, wrong))
