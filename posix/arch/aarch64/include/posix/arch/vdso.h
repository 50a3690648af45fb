/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: what the vDSO's functions are called, and how they make a Linux call.
 */
#pragma once

#include <posix/calls.h>
#include <stdint.h>

#define VDSO_NAME(name) __kernel_##name

static inline int64_t vdso_call(int64_t number, int64_t first, void *second)
{
    register int64_t x8 __asm__("x8") = number;
    register int64_t x0 __asm__("x0") = first;
    register void *x1 __asm__("x1") = second;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
    return x0;
}

/* Nothing but the kernel knows which it is. */
static inline int64_t vdso_cpu(uint32_t *cpu)
{
    return vdso_call(LINUX_CALL_GETCPU, (int64_t)cpu, 0);
}
