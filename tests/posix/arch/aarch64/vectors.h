/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: for vectors.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Is what a vector register had before others ran still there? */
static inline bool machine_vectors_survive(uint64_t value)
{
    uint64_t found;

    __asm__ volatile("fmov d9, %1\n\t"
                     "mov x8, #124\n\t" /* sched_yield */
                     "svc #0\n\t"
                     "fmov %0, d9"
                     : "=r"(found)
                     : "r"(value)
                     : "x0", "x8", "v9", "memory");
    return found == value;
}

/* Save one, let others run, and load it. */
static inline void machine_vectors_renew(void)
{
    __asm__ volatile("fmov x1, d10\n\t"
                     "mov x8, #124\n\t"
                     "svc #0\n\t"
                     "fmov d10, x1" ::
                         : "x0", "x1", "x8", "memory");
}
