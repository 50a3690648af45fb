/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "offsets.h"

#include <stddef.h>

#include <trellis/frame.h>

_Static_assert(offsetof(struct frame, registers.pc) == FRAME_PC, "stubs.S");
_Static_assert(offsetof(struct frame, registers.sp) == FRAME_SP, "stubs.S");
_Static_assert(offsetof(struct frame, registers.number) == FRAME_NUMBER, "stubs.S");
_Static_assert(offsetof(struct frame, stack_top) == FRAME_STACK_TOP, "stubs.S");
