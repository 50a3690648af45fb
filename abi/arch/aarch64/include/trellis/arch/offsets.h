/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: offsets in struct frame, whose registers come first, for assembly;
 * trellis/frame.h and registers.h prove them.
 */
#pragma once

#define REGISTER_X(n) ((n)*8)
#define REGISTER_SP 248
#define REGISTER_PC 256
#define REGISTER_FLAGS 264
#define REGISTER_TLS 272
#define REGISTER_NUMBER 280

#define FRAME_CAUSE 296
#define FRAME_INTERRUPTED 304
#define FRAME_STACK_TOP 312
