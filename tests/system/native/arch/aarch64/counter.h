/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The processor's counter, which under QEMU's -icount shift=0 moves every 16 instructions. */
#pragma once

#include <stdint.h>

static inline uint64_t counter_read(void)
{
    uint64_t value;
    __asm__ volatile("isb; mrs %0, cntvct_el0; isb" : "=r"(value)::"memory");
    return value * 16;
}
