/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: the arguments and the result of a Linux call in the frame.
 */
#pragma once

#include <stdint.h>

#include <trellis/frame.h>

static inline void arch_call_arguments(const struct frame *frame, uint64_t arguments[6])
{
    arguments[0] = frame->registers.rdi;
    arguments[1] = frame->registers.rsi;
    arguments[2] = frame->registers.rdx;
    arguments[3] = frame->registers.r10;
    arguments[4] = frame->registers.r8;
    arguments[5] = frame->registers.r9;
}

/* Linux looks at the low half only. */
static inline uint64_t arch_call_number(const struct frame *frame)
{
    return (uint32_t)frame->registers.number;
}

static inline void arch_call_set_result(struct frame *frame, int64_t result)
{
    frame->registers.rax = (uint64_t)result;
}

/* Have the call instruction executed again, with this number. */
static inline void arch_call_rewind(struct frame *frame, uint64_t number)
{
    frame->registers.pc -= 2;
    frame->registers.rax = number;
}
