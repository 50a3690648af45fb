/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The processor's counter: one per instruction under QEMU's -icount shift=0. */
#pragma once

#include <stdint.h>

static inline uint64_t counter_read(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}
