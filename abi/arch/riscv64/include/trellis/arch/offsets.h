/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: offsets in struct frame, whose registers come first, for assembly;
 * trellis/frame.h and registers.h prove them.
 */
#pragma once

#define REGISTER_PC 0
#define REGISTER_X(n) ((n)*8) /* x1 to x31 */
#define REGISTER_SP REGISTER_X(2)
#define REGISTER_NUMBER 256

#define FRAME_CAUSE 272
#define FRAME_INTERRUPTED 280
#define FRAME_STACK_TOP 288
