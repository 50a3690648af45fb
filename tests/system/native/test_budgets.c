/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Budgets: who runs by one runs before all others and no longer than it says, what serves him
 * does too, and goes home when there is nothing left to run by.
 *
 * All that compete are on the one CPU that the budget is of. Nothing here is judged by a clock but
 * that of the budgets: a busy host takes time from all.
 */
#include <base/ipc.h>
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define MS UINT64_C(1000000)
#define RUNTIME (5 * MS)
#define PERIOD (10 * MS)
#define STILL 4      /* looks, each longer than some periods, at which nothing has changed */
#define LOOKS 100000 /* far more than any wait here takes */

static uint64_t cpus;                  /* a bit for the CPU of what competes */
static volatile uint64_t beats, spins; /* what the server and the spinner have done */
static volatile bool released, spinning;
static handle_t endpoint, session, budget;

static uint64_t cpu_count(void)
{
    struct machine_information machine;
    SUCCEED(native_machine_inspect(service_need_handle("machine"), &machine));
    return machine.cpu_count;
}

static int64_t make_budget(uint64_t runtime_ns, uint64_t of)
{
    return native_budget_create(test_world.account, runtime_ns, PERIOD, of);
}

static struct budget_information told(handle_t handle)
{
    struct budget_information information;
    SUCCEED(native_budget_inspect(handle, &information));
    return information;
}

static uint64_t time_of(handle_t thread)
{
    struct thread_information information;
    SUCCEED(native_thread_inspect(thread, &information));
    return information.user_ns + information.kernel_ns;
}

static uint64_t spin(uint64_t argument, struct frame *frame)
{
    while (spinning)
        ++spins;
    return 0;
}

static uint64_t compute(uint64_t argument, struct frame *frame)
{
    for (;;)
        ++beats;
}

static uint64_t serve(uint64_t argument, struct frame *frame)
{
    struct message message;
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CALL);
    for (;;) {
        while (!released)
            ++beats;
        CHECK_EQUAL(ipc_reply_and_wait(endpoint, &message), RECEIVED_CALL);
    }
}

static uint64_t call_until(uint64_t deadline, struct frame *frame)
{
    struct message message;
    message_begin(&message, 0);
    frame->deadline = deadline;
    int64_t result = ipc_call_until(session, &message);
    CHECK_EQUAL(result, deadline == DEADLINE_NEVER ? 0 : status_to_result(STATUS_TIMED_OUT));
    return 0;
}

/* A thread on the CPU of this test; with a budget if there is one. */
static void start(struct test_thread *thread, test_function *function, uint64_t argument,
                  uint32_t priority, handle_t by)
{
    *thread = (struct test_thread){.function = function,
                                   .argument = argument,
                                   .priority = priority,
                                   .flags = THREAD_SUSPENDED,
                                   .cpus = cpus};
    test_thread_start(thread);
    SUCCEED(native_thread_set_budget(thread->handle, by));
    SUCCEED(native_thread_resume(thread->handle));
}

static void end_thread(struct test_thread *thread)
{
    SUCCEED(native_thread_kill(thread->handle));
    test_thread_join(thread);
}

/* Until a counter has moved on. */
static void await_more(const volatile uint64_t *counter)
{
    uint64_t before = *counter;
    for (unsigned i = 0; i < LOOKS && *counter == before; i++)
        test_pause(MS);
    CHECK(*counter != before);
}

/* Until one stands still though the other moves on. */
static void await_still(const volatile uint64_t *counter, const volatile uint64_t *other)
{
    unsigned still = 0;
    for (unsigned i = 0; i < LOOKS && still < STILL; i++) {
        uint64_t before = *counter;
        test_pause(2 * PERIOD);
        await_more(other);
        still = *counter == before ? still + 1 : 0;
    }
    CHECK_EQUAL(still, STILL);
}

/* The classic three: one of low priority that serves, one between that never stops, one above. */
static struct test_thread low, middle, high;

static void begin(void)
{
    uint64_t last = cpu_count() - 1;
    cpus = UINT64_C(1) << last;
    beats = spins = 0;
    released = false;
    spinning = true;
    budget = SUCCEED(make_budget(RUNTIME, cpus));
    CHECK_EQUAL(told(budget).cpu, last);
    endpoint = SUCCEED(native_endpoint_create(test_world.account));
    session = SUCCEED(native_session_create(endpoint, 1));
    start(&low, serve, 0, PRIORITY_BATCH, HANDLE_NONE);
    test_thread_await(low.handle, THREAD_RECEIVING);
    start(&middle, spin, 0, PRIORITY_BATCH + 1, HANDLE_NONE);
    await_more(&spins);
}

static void finish(void)
{
    spinning = false;
    test_thread_join(&middle);
    end_thread(&low);
    CLOSE(session);
    CLOSE(endpoint);
    if (budget != HANDLE_NONE)
        CLOSE(budget);
}

static void test_three_threads(void)
{
    begin();
    start(&high, call_until, DEADLINE_NEVER, PRIORITY_IDLE, budget);
    await_more(&beats);
    released = true;
    test_thread_join(&high);
    CHECK_EQUAL(test_thread_state(middle.handle), THREAD_RUNNABLE);
    await_still(&beats, &spins);
    finish();
}

static void test_dead_donor(void)
{
    begin();
    start(&high, call_until, DEADLINE_NEVER, PRIORITY_IDLE, budget);
    await_more(&beats);
    end_thread(&high);
    await_still(&beats, &spins);
    finish();
}

static void test_passed_deadline(void)
{
    begin();
    start(&high, call_until, test_now() + 10 * PERIOD, PRIORITY_IDLE, budget);
    await_more(&beats);
    test_thread_join(&high);
    await_still(&beats, &spins);
    finish();
}

static void test_withdrawn(void)
{
    for (unsigned way = 0; way < 2; way++) {
        begin();
        start(&high, call_until, DEADLINE_NEVER, PRIORITY_IDLE, budget);
        await_more(&beats);
        if (way == 0)
            SUCCEED(native_thread_set_budget(high.handle, HANDLE_NONE));
        else
            CLOSE(budget), budget = HANDLE_NONE;
        await_still(&beats, &spins);
        end_thread(&high);
        finish();
    }
}

/* Who is queued lends: the server is at the call of one who has nothing to lend. */
static void test_queued_donor(void)
{
    struct test_thread early;
    begin();
    start(&early, call_until, DEADLINE_NEVER, PRIORITY_BATCH, HANDLE_NONE);
    spinning = false;
    test_thread_join(&middle);
    await_more(&beats);
    spinning = true;
    start(&middle, spin, 0, PRIORITY_BATCH + 1, HANDLE_NONE);
    await_still(&beats, &spins);
    start(&high, call_until, DEADLINE_NEVER, PRIORITY_IDLE, budget);
    await_more(&beats);
    released = true;
    test_thread_join(&high);
    CHECK_EQUAL(test_thread_state(middle.handle), THREAD_RUNNABLE);
    spinning = false;
    test_thread_join(&early);
    finish();
}

/* Who computes has its time in every period and no more, for all its low priority; so the other,
 * for all its high one, has the rest. */
static void test_used_up(void)
{
    begin();
    uint64_t since = test_now();
    start(&high, compute, 0, PRIORITY_IDLE, budget);
    while (told(budget).used_up < 10)
        test_pause(PERIOD);
    uint64_t had = time_of(high.handle);
    struct budget_information after = told(budget);
    uint64_t owed = after.left_ns < 0 ? (uint64_t)-after.left_ns : 0;
    CHECK(had <= (after.deadline - since) / PERIOD * RUNTIME + owed);
    CHECK(had >= 10 * RUNTIME);
    await_more(&spins);
    end_thread(&high);
    finish();
}

static void test_admission(void)
{
    handle_t most = SUCCEED(make_budget(6 * MS, 1));
    CHECK_STATUS(make_budget(3 * MS + 1, 1), LIMIT);
    handle_t rest = SUCCEED(make_budget(3 * MS, 1));
    CHECK_STATUS(make_budget(MS, 1), LIMIT);
    CLOSE(most);
    most = SUCCEED(make_budget(6 * MS, 1));
    CLOSE(most);
    CLOSE(rest);
    handle_t poor = SUCCEED(native_handle_copy(test_world.account, RIGHT_ALL & ~RIGHT_RESERVE, 0));
    CHECK_STATUS(native_budget_create(poor, MS, PERIOD, 1), NO_RIGHT);
    const struct account_limits limits = ACCOUNT_UNLIMITED;
    handle_t below = SUCCEED(native_account_create(poor, &limits));
    CHECK_STATUS(native_budget_create(below, MS, PERIOD, 1), NO_RIGHT);
    CLOSE(below);
    CLOSE(poor);
    CHECK_STATUS(make_budget(MS, UINT64_C(1) << cpu_count()), INVALID);
}

static uint64_t tell_cpu(uint64_t cpu, struct frame *frame)
{
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQUAL(SUCCEED(native_cpu_number()), cpu);
        test_pause(i % 2 * MS);
    }
    return 0;
}

/* Budgets of more than half a CPU each are on different ones, and so is who runs by them. */
static void test_cpu_sets(void)
{
    handle_t made[4];
    struct test_thread threads[4];
    uint64_t number = cpu_count() < 4 ? cpu_count() : 4, seen = 0;
    for (uint64_t i = 0; i < number; i++) {
        made[i] = SUCCEED(make_budget(6 * MS, UINT64_MAX >> (64 - number)));
        uint64_t cpu = told(made[i]).cpu;
        CHECK_EQUAL(seen >> cpu & 1, 0);
        seen |= UINT64_C(1) << cpu;
        cpus = UINT64_MAX;
        start(&threads[i], tell_cpu, cpu, PRIORITY_NORMAL, made[i]);
    }
    CHECK_STATUS(make_budget(6 * MS, UINT64_MAX >> (64 - number)), LIMIT);
    for (uint64_t i = 0; i < number; i++)
        test_thread_join(&threads[i]);
    for (uint64_t i = 0; i < number; i++)
        CLOSE(made[i]);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"the classic three threads", test_three_threads},
        {"a donor that dies", test_dead_donor},
        {"a deadline that passes", test_passed_deadline},
        {"a budget that is withdrawn", test_withdrawn},
        {"a donor that waits in the queue", test_queued_donor},
        {"a budget that is used up", test_used_up},
        {"admission", test_admission},
        {"sets of CPUs", test_cpu_sets},
    };
    test_begin();
    TEST_RUN(cases);
}
