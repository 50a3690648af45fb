/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Where stubs.S finds what it needs of a struct frame. */
#pragma once

#define FRAME_PC 120
#define FRAME_SP 128
#define FRAME_NUMBER 160
#define FRAME_STACK_TOP 192
