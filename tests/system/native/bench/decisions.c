/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Scheduling decisions: so many runnable threads give way to one another, and
 * each turn is counted by who has it.
 */
#include "bench.h"

#include "harness.h"
#include "stubs.h"
#include "threads.h"

#define THREADS_MAX 10000
#define STACK_SIZE UINT64_C(512)

static uint64_t turns;
static handle_t threads[THREADS_MAX];
static unsigned thread_count;
static uint64_t stacks;

static void run_yield(uint64_t round)
{
    (void)native_thread_yield();
    turns++;
}

static uint64_t give_way(uint64_t argument, struct frame *frame)
{
    for (;;)
        run_yield(0);
    return 0;
}

/* This thread is one of them. */
static void start_threads(unsigned count)
{
    static const struct test_thread work = {.function = give_way};
    thread_count = count - 1;
    stacks = SUCCEED(
        native_map(test_world.self, HANDLE_NONE, 0, 0, count * STACK_SIZE, MAP_READ | MAP_WRITE));
    for (unsigned i = 0; i < thread_count; i++) {
        const struct thread_start start = {
            .pc = (uint64_t)stub_thread_entry,
            .sp = stacks + (i + 1) * STACK_SIZE,
            .argument = (uint64_t)&work,
            .priority = BENCH_PRIORITY,
        };
        threads[i] = SUCCEED(native_thread_create(test_world.self, &start));
    }
}

static void end_threads(void)
{
    for (unsigned i = 0; i < thread_count; i++)
        SUCCEED(native_thread_kill(threads[i]));
    for (unsigned i = 0; i < thread_count; i++) {
        test_wait(threads[i], SIGNAL_ENDED);
        CLOSE(threads[i]);
    }
    SUCCEED(native_unmap(test_world.self, stacks, (thread_count + 1) * STACK_SIZE));
}

static void start_1(void)
{
    start_threads(1);
}

static void start_100(void)
{
    start_threads(100);
}

static void start_10000(void)
{
    start_threads(10000);
}

static const struct bench_row rows[] = {
    {.name = "decision_of_1",
     .prepare = start_1,
     .run = run_yield,
     .finish = end_threads,
     .done = &turns},
    {.name = "decision_of_100",
     .prepare = start_100,
     .run = run_yield,
     .finish = end_threads,
     .done = &turns},
    {.name = "decision_of_10000",
     .prepare = start_10000,
     .run = run_yield,
     .finish = end_threads,
     .done = &turns},
};
BENCH_FAMILY(bench_decisions, rows);
