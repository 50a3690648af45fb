/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: what each CPU has of its own, reached through TPIDR_EL1. */
#pragma once

#include <stdint.h>

/* A function off the hot path that returns nothing: its caller keeps all it has in registers. */
#define ARCH_COLD __attribute__((noinline, cold, preserve_most))

struct cpu;
struct page_table;
struct thread;

struct arch_cpu {
    uint64_t stack_top;       /* assembly knows these four */
    uint64_t frame;           /* kernel address of the thread's frame */
    uint64_t frame_user;      /* user address of its frame */
    uint64_t reflect;         /* where reflected calls go; 0: not by the short path */
    struct page_table *table; /* the one that is loaded; NULL: none of user space */
    uint64_t generation;      /* of the contexts that may be loaded: arch/context.h */
    struct thread *floating;  /* whose state is in the registers; NULL: their use traps */
    uint64_t hardware_id;     /* affinity, as MPIDR_EL1 has it */
    uint64_t redistributor;   /* GICv3: kernel address of this CPU's */
    uint8_t interface;        /* GICv2: the bit that names this CPU */
};

static inline struct cpu *arch_cpu_current(void)
{
    struct cpu *cpu;
    __asm__("mrs %0, tpidr_el1" : "=r"(cpu));
    return cpu;
}
