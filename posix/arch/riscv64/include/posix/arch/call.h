/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: the arguments and the result of a Linux call in the frame.
 */
#pragma once

#include <stdint.h>

#include <trellis/frame.h>

static inline void arch_call_arguments(const struct frame *frame, uint64_t arguments[6])
{
    arguments[0] = frame->registers.a0;
    arguments[1] = frame->registers.a1;
    arguments[2] = frame->registers.a2;
    arguments[3] = frame->registers.a3;
    arguments[4] = frame->registers.a4;
    arguments[5] = frame->registers.a5;
}

/* Linux looks at the low half only. */
static inline uint64_t arch_call_number(const struct frame *frame)
{
    return (uint32_t)frame->registers.number;
}

static inline void arch_call_set_result(struct frame *frame, int64_t result)
{
    frame->registers.a0 = (uint64_t)result;
}

/* Have the call instruction executed again, with this number; no result was set yet. */
static inline void arch_call_rewind(struct frame *frame, uint64_t number)
{
    frame->registers.pc -= 4;
    frame->registers.a7 = number;
}
