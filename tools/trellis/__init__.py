# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""The host side of Trellis: builds it, runs it in an emulator, tests and measures it.

Standard library only. `cli` is the entry; every other module does one thing and
can be used by itself. `errors.Failure` is how anything fails with a message.
"""
