# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Writing newc cpio archives: the boot archive's format.

Format: magic "070701", thirteen fields of eight hexadecimal digits, the name with
its NUL padded to four bytes, the content padded to four bytes (Linux
Documentation/driver-api/early-userspace/buffer-format.rst). The same tree gives the
same bytes.
"""

import os
import stat


def write(tree, output):
    """Writes a FileTree to a binary stream, parents before what they hold."""
    inode = 1
    for path, entry in tree.entries.items():
        _write_entry(output, path, entry, inode)
        inode += 1
    _write_record(output, "TRAILER!!!", [0] * 13, b"")


def _write_entry(output, path, entry, inode):
    data = entry.data() if stat.S_ISREG(entry.mode) or stat.S_ISLNK(entry.mode) else b""
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = [
        inode, entry.mode, entry.uid, entry.gid, links, entry.mtime, len(data),
        0, 0, entry.device[0], entry.device[1], 0, 0,
    ]
    _write_record(output, path, fields, data)


def _write_record(output, name, fields, data):
    encoded = os.fsencode(name) + b"\0"
    fields[11] = len(encoded)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    output.write(_padded(header + encoded))
    output.write(_padded(data))


def _padded(data):
    return data + b"\0" * (-len(data) % 4)
