/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: what the vDSO's functions are called, and how they make a Linux call.
 */
#pragma once

#include <stdint.h>
#include <trellis/arch/registers.h>

#define VDSO_NAME(name) __vdso_##name

static inline int64_t vdso_call(int64_t number, int64_t first, void *second)
{
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second)
                     : "rcx", "r11", "memory");
    return result;
}

static inline int64_t vdso_cpu(uint32_t *cpu)
{
    __asm__ volatile("lsl %1, %0" : "=r"(*cpu) : "r"(CPU_NUMBER_SELECTOR));
    return 0;
}
