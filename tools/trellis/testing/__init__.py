# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Running the tests: on the host, of the tree, and in the emulator."""
