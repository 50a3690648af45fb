# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Checks of the tree's structure: each module has `check(tree)`, a list of findings."""
