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
    frame->registers.rax = value;
}

static inline _Noreturn void execute_illegal_instruction(void)
{
    __asm__ volatile("ud2");
    __builtin_unreachable();
}

/* Past the kernel: the port itself. */
static inline void reach_device(uint64_t first)
{
    uint8_t byte;
    __asm__ volatile("inb %1, %0" : "=a"(byte) : "d"((uint16_t)first));
}
