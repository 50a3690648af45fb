/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The kernel's benchmark: what a row is, and the families of rows.
 *
 * An operation is counted in steps of the processor's counter, which QEMU
 * moves once for each instruction. What the loop around it costs, or what
 * `overhead` does, is counted in the same way and subtracted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <trellis/frame.h>

struct bench_row {
    const char *name;
    void (*prepare)(void);            /* once, before all; NULL: nothing to do, as below */
    void (*before)(uint64_t rounds);  /* before each batch, which is of so many operations */
    void (*each)(void);               /* before each operation, which then is counted by itself */
    void (*run)(uint64_t round);      /* the operation */
    void (*overhead)(uint64_t round); /* of the same shape; NULL: an empty operation */
    void (*finish)(void);             /* once, after all */
    const uint64_t *done;             /* what others count too; NULL: one operation a round */
};

/* The rows run at a priority that leaves room above and below. */
#define BENCH_PRIORITY 2
#define BENCH_PRIORITY_ABOVE 3
#define BENCH_PRIORITY_BELOW 1

/* Of the thread that runs the rows. */
extern struct frame *bench_frame;

struct test_thread;
/* What is between them is what a profile is made of. */
void bench_profile_begin(void);
void bench_profile_end(void);
/* Start one at BENCH_PRIORITY_ABOVE and let it run until it waits. */
void bench_start_above(struct test_thread *thread);

struct bench_family {
    const struct bench_row *rows;
    size_t count;
};

extern const struct bench_family bench_calls, bench_messages, bench_signals, bench_waits,
    bench_memory, bench_processes, bench_handles, bench_decisions, bench_interrupts;

#define BENCH_FAMILY(name, list)                                                                   \
    const struct bench_family name = {list, sizeof(list) / sizeof((list)[0])}
