/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The machine's clock, which under QEMU's -icount shift=0 goes on by one in 100
 * instructions.
 */
#pragma once

#include <stdint.h>

static inline uint64_t counter_read(void)
{
    uint64_t value;
    __asm__ volatile("fence; rdtime %0; fence" : "=r"(value)::"memory");
    return value * 100;
}
