/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The chain of frames. <arch/layout.h> says how far below a frame's address its record
 * is: the address of the frame before it, and where it returns to.
 */
#include <arch/cpu.h>

#include <arch/layout.h>
#include <kernel/cpu.h>

void arch_backtrace(void (*line)(uint64_t address))
{
    uint64_t top = cpu_current()->arch.stack_top;
    uint64_t at = (uint64_t)__builtin_frame_address(0) - FRAME_RECORD_BELOW;
    while (at >= top - KERNEL_STACK_SIZE && at <= top - 2 * sizeof(uint64_t)) {
        const uint64_t *record = (const uint64_t *)at;
        uint64_t caller = record[0] - FRAME_RECORD_BELOW;
        if (record[1] == 0)
            return;
        line(record[1]);
        if (caller <= at)
            return;
        at = caller;
    }
}
