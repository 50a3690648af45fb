# SPDX-License-Identifier: MIT
# Copyright The Trellis authors

"""Puts the tools and this folder's stand-ins on the path."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools")]
