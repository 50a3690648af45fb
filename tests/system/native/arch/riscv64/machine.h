/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What tests need to know of the machine. */
#pragma once

#include <stdint.h>

#include <trellis/frame.h>

#define UNUSED_LINE 7 /* an interrupt line that no device has */

/* What a function gives back if it goes on with the frame's registers just before its end. */
static inline void frame_set_result(struct frame *frame, uint64_t value)
{
    frame->registers.a0 = value;
}

static inline _Noreturn void execute_illegal_instruction(void)
{
    __asm__ volatile("unimp");
    __builtin_unreachable();
}

/* Past the kernel: the address itself. */
static inline void reach_device(uint64_t first)
{
    (void)*(const volatile uint32_t *)first;
}
