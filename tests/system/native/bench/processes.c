/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Threads and processes: made, run, ended. */
#include "bench.h"

#include "harness.h"
#include "stubs.h"
#include "threads.h"

#define STACK_SIZE 4096

static char stack[STACK_SIZE] __attribute__((aligned(16)));

static void await_end(handle_t handle)
{
    while (native_wait_one(handle, SIGNAL_ENDED, DEADLINE_NEVER) < 0)
        continue;
}

static uint64_t end_at_once(uint64_t argument, struct frame *frame)
{
    return 0;
}

static void run_thread(uint64_t round)
{
    static const struct test_thread work = {.function = end_at_once};
    const struct thread_start start = {
        .pc = (uint64_t)stub_thread_entry,
        .sp = (uint64_t)stack + STACK_SIZE,
        .argument = (uint64_t)&work,
        .priority = BENCH_PRIORITY,
    };
    handle_t thread = (handle_t)native_thread_create(test_world.self, &start);
    await_end(thread);
    (void)native_handle_close(thread);
}

static void run_process(uint64_t round)
{
    handle_t process =
        (handle_t)native_process_create(test_world.account, HANDLE_NONE, "bench", 5, 0);
    (void)native_process_end(process, 0);
    await_end(process);
    (void)native_handle_close(process);
}

static const struct bench_row rows[] = {
    {.name = "thread_create_end", .run = run_thread},
    {.name = "process_create_end", .run = run_process},
};
BENCH_FAMILY(bench_processes, rows);
