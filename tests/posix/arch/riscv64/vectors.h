/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: for vectors.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Is what a floating point register had before others ran still there? */
static inline bool machine_vectors_survive(uint64_t value)
{
    uint64_t found;

    __asm__ volatile("fmv.d.x fs1, %1\n\t"
                     "li a7, 124\n\t" /* sched_yield */
                     "ecall\n\t"
                     "fmv.x.d %0, fs1"
                     : "=r"(found)
                     : "r"(value)
                     : "a0", "a7", "fs1", "memory");
    return found == value;
}

/* Save one, let others run, and load it. */
static inline void machine_vectors_renew(void)
{
    __asm__ volatile("fmv.x.d t1, fs2\n\t"
                     "li a7, 124\n\t"
                     "ecall\n\t"
                     "fmv.d.x fs2, t1" ::
                         : "a0", "a7", "t1", "memory");
}
