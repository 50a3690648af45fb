/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * An interrupt to a driver's thread: the serial port is told to interrupt when it
 * can take a byte, which it can. The driver silences it, acknowledges and waits
 * again before who provoked it goes on. What the two writes to the port cost
 * is not counted.
 */
#include "bench.h"

#include "harness.h"
#include "provoke.h"
#include "threads.h"

static handle_t interrupt;
static struct test_thread driver;

static uint64_t drive(uint64_t argument, struct frame *frame)
{
    for (;;) {
        while (native_wait_one(interrupt, SIGNAL_INTERRUPT, DEADLINE_NEVER) < 0)
            continue;
        provoke_set(PROVOKE_NONE);
        (void)native_interrupt_acknowledge(interrupt);
    }
    return 0;
}

static void start_driver(void)
{
    provoke_open();
    provoke_set(PROVOKE_NONE);
    interrupt = SUCCEED(native_interrupt_create(service_need_handle("interrupts"),
                                                test_world.account, PROVOKE_LINE, PROVOKE_FLAGS));
    driver = (struct test_thread){.function = drive};
    bench_start_above(&driver);
}

static void run_interrupt(uint64_t round)
{
    provoke_set(PROVOKE_READY);
}

static void run_writes(uint64_t round)
{
    provoke_set(PROVOKE_NONE);
    provoke_set(PROVOKE_NONE);
}

static void end_driver(void)
{
    SUCCEED(native_thread_kill(driver.handle));
    test_thread_join(&driver);
    provoke_set(PROVOKE_NONE);
    CLOSE(interrupt);
    provoke_close();
}

static const struct bench_row rows[] = {
    {.name = "interrupt_to_driver",
     .prepare = start_driver,
     .run = run_interrupt,
     .overhead = run_writes,
     .finish = end_driver},
};
BENCH_FAMILY(bench_interrupts, rows);
