/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The processor's counter of instructions. */
#pragma once

#include <stdint.h>

static inline uint64_t counter_read(void)
{
    uint64_t value;
    __asm__ volatile("rdinstret %0" : "=r"(value)::"memory");
    return value;
}
