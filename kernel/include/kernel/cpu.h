/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What each CPU has of its own.
 */
#pragma once

#include <arch/cpu.h>
#include <kernel/lock.h>
#include <kernel/relaxed.h>
#include <stdbool.h>
#include <stdint.h>

struct budget;
struct thread;

#define CPU_MAX 64

struct cpu {
    struct arch_cpu arch; /* first: assembly knows its offsets */
    uint32_t number;
    uint64_t bit;           /* 1 << number */
    uint32_t node;          /* NUMA node; constant */
    struct thread *current; /* the thread that runs; NULL when idle */
    _Atomic uint32_t ready; /* run queue lock, for writing; priorities at which threads wait here */
    union {
        struct {
            _Atomic bool reschedule; /* something more urgent may be runnable; others set it too */
            bool teardown; /* a process was given up here, and has not been taken apart yet */
            bool reserved; /* `budget` is not NULL */
        };
        uint32_t disturbed; /* any */
    };
    struct budget *budget; /* whose time is used here since the last choice; a reference; or NULL */
    _Atomic bool polling;  /* looks at `reschedule` all the time: need not be interrupted */
    bool asleep;           /* in rcu_sleep */
    _Atomic uint64_t entered_ns; /* when time was last booked */
    uint64_t tick_due;           /* the counter when the next tick is due; 0: none is armed */
    bool tick_in_kernel;         /* it became due while the kernel worked for the thread */
    uint64_t user_ns, kernel_ns, switches, calls, faults, interrupts;
    enum status copy_status;               /* why the last copy of user memory ended early */
    uint32_t locks_held[LOCK_CLASS_COUNT]; /* debug builds */
    uint32_t lock_classes; /* debug builds: a bit for each class of which one is held */
};

static inline struct cpu *cpu_current(void)
{
    return arch_cpu_current();
}
/* The first cpu_count() of them run. */
struct cpu *cpu_get(uint32_t number);
uint32_t cpu_count(void);
/* A bit for each that runs. */
static inline uint64_t cpu_all(void)
{
    return UINT64_MAX >> (CPU_MAX - cpu_count());
}
struct boot_info;
/* Start those that the boot information names, one after the other, up to one that does not answer
 * in time; no more come later. */
void cpu_start_others(const struct boot_info *boot);
