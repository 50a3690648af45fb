/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Waiting on memory, and streams. */
#include "bench.h"

#include "harness.h"
#include "threads.h"

#define STREAM_BYTES 64

static uint32_t word;
static struct test_thread waiter;
static struct stream_handles ends;
static char bytes[STREAM_BYTES];

static void run_wake(uint64_t round)
{
    (void)native_address_wake((uint64_t)&word, 1, UINT32_MAX, 0);
}

static uint64_t wait_again(uint64_t argument, struct frame *frame)
{
    for (;;)
        (void)native_address_wait((uint64_t)&word, 0, UINT32_MAX, 0, DEADLINE_NEVER);
    return 0;
}

/* It runs as soon as it is woken, and waits again before the wake returns. */
static void start_waiter(void)
{
    waiter = (struct test_thread){.function = wait_again};
    bench_start_above(&waiter);
}

static void end_waiter(void)
{
    SUCCEED(native_thread_kill(waiter.handle));
    test_thread_join(&waiter);
}

static void make_stream(void)
{
    SUCCEED(native_stream_create(test_world.account, STREAM_ATOMIC, 0, &ends));
}

static void close_stream(void)
{
    CLOSE(ends.read_end);
    CLOSE(ends.write_end);
}

static void run_stream(uint64_t round)
{
    (void)native_stream_write(ends.write_end, bytes, sizeof(bytes), 0);
    (void)native_stream_read(ends.read_end, bytes, sizeof(bytes), 0);
}

static const struct bench_row rows[] = {
    {.name = "futex_wake", .run = run_wake},
    {.name = "futex_wake_wait", .prepare = start_waiter, .run = run_wake, .finish = end_waiter},
    {.name = "stream_write_read",
     .prepare = make_stream,
     .run = run_stream,
     .finish = close_stream},
};
BENCH_FAMILY(bench_waits, rows);
