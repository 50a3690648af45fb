# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Names for addresses in a panic's text."""

import re
import subprocess

ADDRESS = re.compile(r"^(\s*at )(0x[0-9a-f]{4,16})\s*$", re.MULTILINE)


def symbolised(text, image):
    """`text` with function, file and line after each line `  at 0x...`.

    Unchanged where the image or the symboliser is missing.
    """
    addresses = [found[1] for found in ADDRESS.findall(text)]
    if not addresses:
        return text
    try:
        done = subprocess.run(
            ["llvm-symbolizer", f"--obj={image}", "--output-style=GNU", "--pretty-print",
             "--relativenames"],
            input="\n".join(addresses) + "\n", capture_output=True, text=True, check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return text
    names = iter(_answers(done.stdout, len(addresses)))
    return ADDRESS.sub(lambda found: f"{found[1]}{found[2]} {next(names)}".rstrip(), text)


def _answers(output, count):
    """One answer per address, empty if it has no name; inlined frames follow it, a line each."""
    answers = []
    for line in output.splitlines():
        if line.startswith(" (inlined by)"):
            answers[-1] += f"\n      {line.strip()}"
        elif line:
            answers.append("" if line.startswith("??") else line)
    return answers if len(answers) == count else [""] * count
