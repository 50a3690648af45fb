# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""What native calls cost: messages between two processes, a bounced Linux call, and others.

The figures come from tests/system/native/bench_calls.c, which prints
`bench: NAME VALUE`.
"""

FIGURES = ("null_call", "call_reply", "call_reply_4_words", "call_reply_8_words", "bounced_call",
           "handle_copy_close", "event_signal", "stream_write_read", "address_wake", "map_unmap",
           "map_touch_unmap", "thread_create_end")
UNITS = {name: "instructions" for name in FIGURES}
AGAINST_LINUX = False


def measure(system):
    """{figure: value} on Trellis."""
    return system.figures_of_native("bench_calls")
