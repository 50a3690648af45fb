/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: what the vDSO's functions are called, and how they make a Linux call.
 */
#pragma once

#include <posix/calls.h>
#include <stdint.h>

#define VDSO_NAME(name) __vdso_##name

static inline int64_t vdso_call(int64_t number, int64_t first, void *second)
{
    register int64_t a7 __asm__("a7") = number;
    register int64_t a0 __asm__("a0") = first;
    register void *a1 __asm__("a1") = second;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1) : "memory");
    return a0;
}

/* Nothing but the kernel knows which it is. */
static inline int64_t vdso_cpu(uint32_t *cpu)
{
    return vdso_call(LINUX_CALL_GETCPU, (int64_t)cpu, 0);
}
