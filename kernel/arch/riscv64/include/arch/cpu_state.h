/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: what each CPU has of its own, reached through tp while the kernel runs;
 * sscratch is then 0. In user mode it is the other way round.
 */
#pragma once

#include <stdint.h>

/* A function off the hot path; the compiler cannot keep registers across it here. */
#define ARCH_COLD __attribute__((noinline, cold))

struct cpu;
struct page_table;
struct thread;

struct arch_cpu {
    uint64_t stack_top;    /* assembly knows these six */
    uint64_t scratch[2];   /* two of the user's registers, for a moment */
    struct thread *thread; /* the one in user mode */
    uint64_t frame; /* kernel address of its frame; 0: calls are not reflected by the short path */
    uint64_t frame_user;  /* user address of its frame */
    uint64_t reflect;     /* where reflected calls go */
    uint64_t hardware_id; /* the hart's; constant once it runs */
    struct page_table
        *table;          /* the one that is loaded, said before; NULL: the kernel's half alone */
    uint64_t generation; /* of the contexts that may be loaded: arch/context.h */
    uint64_t fresh_bit;  /* arch/fresh.h */
};

static inline struct cpu *arch_cpu_current(void)
{
    struct cpu *cpu;
    __asm__("mv %0, tp" : "=r"(cpu));
    return cpu;
}
