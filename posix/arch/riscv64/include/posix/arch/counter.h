/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: the counter of the time page.
 */
#pragma once

#include <stdint.h>

static inline uint64_t arch_counter_read(void)
{
    uint64_t value;
    __asm__ volatile("rdtime %0" : "=r"(value)::"memory");
    return value;
}
