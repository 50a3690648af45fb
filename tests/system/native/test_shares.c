/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Threads that only compute share all processors evenly, however many there are
 * and wherever they began; and one processor by their weights, as their accounts do. What
 * each has done is counted; how long that takes says nothing.
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
#define CROWD 4

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

/* With one processor instructions are counted: that is exact, and slow. */
static void pass(uint64_t duration_ns)
{
    test_pause(cpu_count() == 1 ? duration_ns / 5 : duration_ns);
}

/* What each does while we sleep. */
static void measure(unsigned count)
{
    pass(WARM_NS);
    for (unsigned i = 0; i < count; i++)
        workers[i].before = workers[i].work;
    pass(WINDOW_NS);
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
    pass(WARM_NS);
    for (unsigned i = cpus; i < count; i++)
        SUCCEED(native_thread_set_cpus(workers[i].thread.handle, UINT64_MAX));
    measure(count);
    CHECK(unevenness(count) < 250);
    finish(count);
}

static void test_weights_of_threads(void)
{
    for (unsigned i = 0; i < 2; i++)
        start(&workers[i], 1);
    SUCCEED(native_thread_set_weight(workers[0].thread.handle, SHARE_WEIGHT_NORMAL));
    SUCCEED(native_thread_set_weight(workers[1].thread.handle, 4 * SHARE_WEIGHT_NORMAL));
    measure(2);
    uint64_t ratio = unevenness(2);
    CHECK(workers[1].done > workers[0].done && ratio > 300 && ratio < 500);
    CHECK_STATUS(native_thread_set_weight(workers[0].thread.handle, 0), INVALID);
    CHECK_STATUS(native_thread_set_weight(workers[0].thread.handle, SHARE_WEIGHT_MAX + 1), INVALID);
    finish(2);
}

static uint64_t raise_own(uint64_t argument, struct frame *frame)
{
    struct worker *worker = (struct worker *)argument;

    while (__atomic_load_n(&worker->thread.handle, __ATOMIC_ACQUIRE) == HANDLE_NONE)
        SUCCEED(native_thread_yield()); /* on another processor it runs before it is known */
    SUCCEED(native_thread_set_weight(worker->thread.handle, SHARE_WEIGHT_NORMAL));
    CHECK_STATUS(native_thread_set_weight(worker->thread.handle, SHARE_WEIGHT_NORMAL + 1), INVALID);
    SUCCEED(native_thread_set_weight(worker->thread.handle, SHARE_WEIGHT_NORMAL / 2));
    return 0;
}

/* What a thread may weigh is at most what the caller does. */
static void test_no_more_than_own(void)
{
    workers[0].thread = (struct test_thread){
        .function = raise_own, .argument = (uint64_t)&workers[0], .priority = PRIORITY_NORMAL - 1};
    test_thread_start(&workers[0].thread);
    test_thread_join(&workers[0].thread);
}

static uint64_t compute_on(uint64_t argument, struct frame *frame)
{
    for (;;)
        continue;
}

static handle_t account_of_weight(uint32_t weight)
{
    static const struct account_limits unlimited = ACCOUNT_UNLIMITED;
    handle_t account = SUCCEED(native_account_create(test_world.account, &unlimited));
    SUCCEED(native_account_set_weight(account, weight));
    return account;
}

static uint64_t time_of(handle_t account)
{
    struct account_information information;
    SUCCEED(native_account_inspect(account, &information));
    return information.used.cpu_ns;
}

/* One of its threads against a crowd of another's. */
static void test_weights_of_accounts(void)
{
    handle_t accounts[2] = {account_of_weight(3 * SHARE_WEIGHT_NORMAL),
                            account_of_weight(SHARE_WEIGHT_NORMAL)};
    struct test_child children[1 + CROWD];
    uint64_t used[2];

    for (unsigned i = 0; i <= CROWD; i++) {
        children[i] = (struct test_child){
            .function = compute_on, .account = accounts[i > 0], .priority = PRIORITY_NORMAL - 1};
        test_child_create(&children[i]);
        test_child_start(&children[i]);
        SUCCEED(native_thread_set_cpus(children[i].thread, 1));
    }
    pass(WARM_NS);
    for (unsigned i = 0; i < 2; i++)
        used[i] = time_of(accounts[i]);
    pass(WINDOW_NS);
    for (unsigned i = 0; i < 2; i++)
        used[i] = time_of(accounts[i]) - used[i];
    log_print("accounts used %lu and %lu ns", used[0], used[1]);
    CHECK(used[0] > used[1] * 5 / 2 && used[0] < used[1] * 7 / 2);
    for (unsigned i = 0; i <= CROWD; i++) {
        struct process_information information;
        SUCCEED(native_process_end(children[i].process, 0));
        test_child_join(&children[i], &information);
    }
    CHECK_STATUS(native_account_set_weight(accounts[0], 0), INVALID);
    CHECK_STATUS(native_account_set_weight(accounts[0], SHARE_WEIGHT_MAX + 1), INVALID);
    for (unsigned i = 0; i < 2; i++)
        CLOSE(accounts[i]);
}

void service_main(const struct start_block *block)
{
    static const struct test_case cases[] = {
        {"one too many", test_one_too_many},
        {"a crowd in one place", test_crowd_in_one_place},
        {"weights of threads", test_weights_of_threads},
        {"no more than one's own weight", test_no_more_than_own},
        {"weights of accounts", test_weights_of_accounts},
    };
    test_begin();
    TEST_RUN(cases);
}
