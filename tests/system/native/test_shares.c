/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Threads that only compute share all processors evenly, however many there are
 * and wherever they began. What each has done is counted; how long that takes says
 * nothing.
 */
#include <base/log.h>
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define CPUS 4 /* at most so many are kept busy */
#define WORKERS (3 * CPUS)
#define WARM_NS UINT64_C(300000000)
#define WINDOW_NS UINT64_C(2000000000)
#define STEPS 1000

struct worker {
    struct test_thread thread;
    volatile uint64_t work;
    uint64_t before, done;
} __attribute__((aligned(64)));

static struct worker workers[WORKERS];
static volatile bool stop;

static uint64_t compute(uint64_t argument, struct frame *frame)
{
    struct worker *worker = (struct worker *)argument;

    while (!stop) {
        for (volatile unsigned i = 0; i < STEPS; i++)
            continue;
        worker->work++;
    }
    return 0;
}

static unsigned cpu_count(void)
{
    struct machine_information machine;
    SUCCEED(native_machine_inspect(service_need_handle("machine"), &machine));
    return machine.cpu_count < CPUS ? (unsigned)machine.cpu_count : CPUS;
}

static void start(struct worker *worker, uint64_t cpus)
{
    worker->thread = (struct test_thread){.function = compute,
                                          .argument = (uint64_t)worker,
                                          .priority = PRIORITY_NORMAL - 1,
                                          .cpus = cpus};
    test_thread_start(&worker->thread);
}

/* What each does while we sleep. */
static void measure(unsigned count)
{
    test_pause(WARM_NS);
    for (unsigned i = 0; i < count; i++)
        workers[i].before = workers[i].work;
    test_pause(WINDOW_NS);
    for (unsigned i = 0; i < count; i++)
        workers[i].done = workers[i].work - workers[i].before;
}

/* The most that one has done, in hundredths of the least. */
static uint64_t unevenness(unsigned count)
{
    uint64_t least = UINT64_MAX, most = 0;

    for (unsigned i = 0; i < count; i++) {
        uint64_t done = workers[i].done;
        log_print("worker %u did %lu", i, done);
        least = done < least ? done : least;
        most = done > most ? done : most;
    }
    CHECK(least != 0);
    return most * 100 / least;
}

static void finish(unsigned count)
{
    stop = true;
    for (unsigned i = 0; i < count; i++)
        test_thread_join(&workers[i].thread);
    stop = false;
}

/* Without going round two would have half of what the others have. */
static void test_one_too_many(void)
{
    unsigned count = cpu_count() + 1;

    for (unsigned i = 0; i < count; i++)
        start(&workers[i], 0);
    measure(count);
    CHECK(unevenness(count) < 160);
    finish(count);
}

/*
 * Each processor has one thread that stays, so none is ever idle and comes for work;
 * the first has all the others as well when these may move. Without evening out those
 * that stay would have as much as all others together.
 */
static void test_crowd_in_one_place(void)
{
    unsigned cpus = cpu_count(), count = 3 * cpus;

    for (unsigned i = 0; i < count; i++)
        start(&workers[i], i < cpus ? UINT64_C(1) << i : 1);
    test_pause(WARM_NS);
    for (unsigned i = cpus; i < count; i++)
        SUCCEED(native_thread_set_cpus(workers[i].thread.handle, UINT64_MAX));
    measure(count);
    CHECK(unevenness(count) < 250);
    finish(count);
}

void service_main(const struct start_block *block)
{
    static const struct test_case cases[] = {
        {"one too many", test_one_too_many},
        {"a crowd in one place", test_crowd_in_one_place},
    };
    test_begin();
    TEST_RUN(cases);
}
