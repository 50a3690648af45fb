/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: what each CPU has of its own, reached through the gs segment while
 * the kernel runs.
 */
#pragma once

#include <stdint.h>

/* A function off the hot path that returns nothing: its caller keeps all it has in registers. */
#define ARCH_COLD __attribute__((noinline, cold, preserve_most))

struct cpu;
struct page_table;
struct thread;

/* Intel SDM volume 3, section 8.7: the 64-bit task state segment. */
struct x86_task {
    uint32_t reserved0;
    uint64_t stacks[3]; /* for entries to rings 0 to 2 */
    uint64_t reserved1;
    uint64_t interrupt_stacks[7]; /* IST 1 to 7 */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t port_bitmap;
} __attribute__((packed));

struct arch_cpu {
    struct cpu *self; /* assembly knows these seven */
    uint64_t stack_top;
    uint64_t scratch;      /* the user's stack pointer, for a moment */
    struct thread *thread; /* the one in user mode */
    uint64_t frame;        /* kernel address of its frame */
    uint64_t frame_user;   /* user address of its frame */
    uint64_t reflect;      /* where reflected calls go; 0: they do not by the short path */
    _Atomic(struct thread *) floating; /* whose floating point state is in the registers, or NULL */
    void *visible;            /* its state, if the thread may use it; NULL: CR0.TS is set */
    struct page_table *table; /* loaded; NULL: the kernel's alone */
    uint32_t hardware_id;     /* of its local APIC; constant */
    char *fatal_stacks;       /* for what may come at any moment; constant */
    uint64_t segments[8];
    struct x86_task task;
};

static inline struct cpu *arch_cpu_current(void)
{
    struct cpu *cpu;
    __asm__("mov %%gs:0, %0" : "=r"(cpu));
    return cpu;
}
