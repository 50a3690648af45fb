# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The console's driver and server are ended at many instants of one piece of work.

The machine counts instructions and gets no input, so an instant is the same in every run:
what fails here fails again with the same command line. What the console shows must be, byte
for byte, what it shows when nothing is ended. Of several processors it is not fixed which
instruction comes first: there the kernel's log has other times.
"""

import concurrent.futures
import os
import pathlib
import re
import tempfile

from trellis import qemu
from trellis.testing.outcome import Skip

WORKERS = 2
SERVICES = ("tty", "uart", "tty", "uart")  # ended in one boot, one after the other
FIRST_US, LAST_US = 3_000, 35_000  # from before the shell starts to the end
WORK = """
stty -echo
i=0; while [ $i -lt 150 ]; do echo line $i; i=$((i+1)); done
tty; stty size; stty -a | head -3
dd if=/dev/zero bs=1k count=24 2>/dev/null | tr '\\0' x | fold -w 70
printf 'tabs\\tand\\bbackspaces\\r\\n' | cat
(echo from a child; echo another) | sort
ls / | md5sum
poweroff -f
"""


def first_difference(expected, shown):
    at = len(os.path.commonprefix([expected, shown]))
    return at, expected[at:at + 200], shown[at:at + 200]


def sweep(guest, count):
    """`count` boots with an end of each service, spread over the work."""
    if guest.architecture == "riscv64" and guest.cpus > 1:
        raise Skip("where instructions are counted a hart that waits for another has the time of both")

    def shown_by(boot, append=""):
        shown, ended = boot(append, extra=qemu.EXACT_COUNTING)
        return shown if guest.cpus == 1 else re.sub(rb"^\[ *\d+\.\d+\]", b"[]", shown, flags=re.M), ended

    with tempfile.TemporaryDirectory() as root:
        os.mkdir(f"{root}/etc")
        pathlib.Path(root, "etc", "profile").write_text(WORK, encoding="ascii")
        with guest.plain(root) as boot, concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            expected, status = shown_by(boot)
            assert status and b"line 149" in expected, (status, expected)
            step = (LAST_US - FIRST_US) // (count * len(SERVICES))

            def ends(number):
                at = FIRST_US + number * step
                spread = count * step
                return "init.kill=" + ",".join(
                    f"{service}@{at + i * spread}us" for i, service in enumerate(SERVICES))

            def differs(number):
                shown, ended = shown_by(boot, ends(number))
                same = (shown, ended) == (expected, status)
                return None if same else (ends(number), ended, first_difference(expected, shown))

            failures = [failure for failure in pool.map(differs, range(count)) if failure]
    print(f"{count * len(SERVICES)} ends of services, {len(failures)} of {count} runs differ", flush=True)
    assert not failures, failures[:3]


def test_sample(guest):
    sweep(guest, 6)


def crash_console(guest):
    """The tier: ./trellis test crash."""
    sweep(guest, 100)
