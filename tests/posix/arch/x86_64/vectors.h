/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: for vectors.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Is what a vector register had before others ran still there, as XSAVE has it? */
#define XSAVE_XMM9 (160 + 9 * 16)

static _Thread_local _Alignas(64) uint8_t machine_vector_area[4096];

static inline bool machine_vectors_survive(uint64_t value)
{
    uint64_t found;

    __asm__ volatile("movq %0, %%xmm9\n\t"
                     "movl $24, %%eax\n\t" /* sched_yield */
                     "syscall\n\t"
                     "movl $3, %%eax\n\t"
                     "xorl %%edx, %%edx\n\t"
                     "xsave64 (%1)"
                     :
                     : "r"(value), "r"(machine_vector_area)
                     : "rax", "rcx", "rdx", "r11", "xmm9", "memory");
    memcpy(&found, machine_vector_area + XSAVE_XMM9, sizeof(found));
    return found == value;
}

/* Save all, let others run, and load it. */
static inline void machine_vectors_renew(void)
{
    __asm__ volatile("movl $3, %%eax\n\t"
                     "xorl %%edx, %%edx\n\t"
                     "xsave64 (%0)\n\t"
                     "movl $24, %%eax\n\t"
                     "syscall\n\t"
                     "movl $3, %%eax\n\t"
                     "xorl %%edx, %%edx\n\t"
                     "xrstor64 (%0)"
                     :
                     : "r"(machine_vector_area)
                     : "rax", "rcx", "rdx", "r11", "memory");
}
