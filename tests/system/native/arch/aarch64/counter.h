/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The processor's counter: in steps of 16 instructions under QEMU's -icount shift=0. */
#pragma once

#include <stdint.h>

static inline uint64_t counter_read(void)
{
    uint64_t value;
    __asm__ volatile("isb; mrs %0, cntvct_el0; isb" : "=r"(value)::"memory");
    return value;
}
