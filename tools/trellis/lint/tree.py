# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The files that are checked, and what checks need to know about C text."""

import functools
import pathlib
import re
import shutil
import subprocess

IGNORED = {"build", ".git", "__pycache__", ".cache", ".pytest_cache"}
_COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


class Finding(str):
    """One complaint, as `path:line: what is wrong`."""

    def __new__(cls, path, line, message):
        return super().__new__(cls, f"{path}:{line}: {message}")


class Tree:
    """A source tree: `root` and the relative POSIX paths of its files."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = sorted(self._listed() or self._walked())

    @functools.cache
    def text(self, path):
        """A file's text."""
        return (self.root / path).read_text(errors="replace")

    @functools.cache
    def code(self, path):
        """A C file's text with comments blanked, line numbers kept."""
        return without_comments(self.text(path))

    def matching(self, *suffixes, under=""):
        """Files that end in one of the suffixes and lie under a folder."""
        return [path for path in self.files
                if path.endswith(suffixes) and path.startswith(under)]

    def _listed(self):
        """What git would show, with new files; nothing where there is no git."""
        if shutil.which("git") is None:
            return []
        done = subprocess.run(
            ["git", "-C", str(self.root), "ls-files", "-co", "--exclude-standard", "-z"],
            capture_output=True, check=False)
        names = done.stdout.decode().split("\0")
        return [name for name in names if name and (self.root / name).is_file()]

    def _walked(self):
        return [path.relative_to(self.root).as_posix() for path in self.root.rglob("*")
                if path.is_file() and not IGNORED & set(path.relative_to(self.root).parts)]


def without_comments(text):
    """C text with comments replaced by blanks; strings stay."""
    def blank(found):
        piece = found[0]
        return piece if piece[0] in "\"'" else re.sub(r"[^\n]", " ", piece)
    return _COMMENT_OR_STRING.sub(blank, text)


def count_lines(code):
    """Lines that are not blank."""
    return sum(1 for line in code.splitlines() if line.strip())


def is_test(path):
    """Whether a file is a unit test or below tests/."""
    name = path.rpartition("/")[2]
    return path.startswith("tests/") or bool(re.search(r"(_test|_fake|_fakes|_fuzz)\.[ch]$", name))
