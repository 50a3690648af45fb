/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: the arguments and the result of a Linux call in the frame.
 */
#pragma once

#include <stdint.h>

#include <trellis/frame.h>

static inline void arch_call_arguments(const struct frame *frame, uint64_t arguments[6])
{
    for (unsigned i = 0; i < 6; i++)
        arguments[i] = frame->registers.x[i];
}

/* Linux looks at the low half only. */
static inline uint64_t arch_call_number(const struct frame *frame)
{
    return (uint32_t)frame->registers.number;
}

static inline void arch_call_set_result(struct frame *frame, int64_t result)
{
    frame->registers.x[0] = (uint64_t)result;
}

/* Have the call instruction executed again, with this number; no result was set yet. */
static inline void arch_call_rewind(struct frame *frame, uint64_t number)
{
    frame->registers.pc -= 4;
    frame->registers.x[8] = number;
}
