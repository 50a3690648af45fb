/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Which processors a thread may run on: it is seen on no other, whether it
 * computes, yields, sleeps, calls or is called, and however it was moved there.
 */
#include <base/ipc.h>
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define LOOKS 200
#define MOVES 100
#define CALLS 500
#define SLEEP_NS 20000
#define LIMIT_NS UINT64_C(10000000000) /* far longer than a move takes */

static uint64_t cpu_count(void)
{
    struct machine_information machine;
    SUCCEED(native_machine_inspect(service_need_handle("machine"), &machine));
    return machine.cpu_count;
}

static uint64_t own_cpu(void)
{
    return SUCCEED(native_cpu_number());
}

static uint64_t bit(uint64_t cpu)
{
    return UINT64_C(1) << cpu;
}

static uint64_t stay(uint64_t cpu, struct frame *frame)
{
    for (unsigned i = 0; i < LOOKS; i++) {
        CHECK_EQUAL(own_cpu(), cpu);
        if (i % 4 == 1)
            (void)native_thread_yield();
        if (i % 4 == 3)
            test_pause(SLEEP_NS);
    }
    return 0;
}

static void test_made_for_one(void)
{
    struct test_thread threads[8];
    uint64_t count = cpu_count() < 4 ? cpu_count() : 4;

    for (uint64_t i = 0; i < 2 * count; i++) {
        threads[i] = (struct test_thread){.function = stay,
                                          .argument = i % count,
                                          .priority = PRIORITY_NORMAL,
                                          .cpus = bit(i % count)};
        test_thread_start(&threads[i]);
    }
    for (uint64_t i = 0; i < 2 * count; i++) {
        struct thread_information information;
        SUCCEED(native_thread_inspect(threads[i].handle, &information));
        CHECK_EQUAL(information.cpus, bit(i % count));
        test_thread_join(&threads[i]);
    }
}

static volatile bool stop;
static volatile uint64_t seen;

static uint64_t tell(uint64_t argument, struct frame *frame)
{
    while (!stop)
        seen = own_cpu();
    return 0;
}

/* A thread that never waits comes over soon, and then stays. */
static void test_moved_while_it_runs(void)
{
    struct test_thread thread;

    stop = false;
    test_thread_run(&thread, tell, 0);
    for (uint64_t i = 0; i < MOVES; i++) {
        uint64_t cpu = i % cpu_count(), limit = test_now() + LIMIT_NS;
        SUCCEED(native_thread_set_cpus(thread.handle, bit(cpu)));
        while (seen != cpu) {
            CHECK(test_now() < limit);
            (void)native_thread_yield();
        }
        for (unsigned look = 0; look < LOOKS; look++)
            CHECK_EQUAL(seen, cpu);
    }
    stop = true;
    test_thread_join(&thread);
}

static uint64_t serve_place(uint64_t endpoint, struct frame *frame)
{
    struct message message;

    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CALL);
    for (;;) {
        message.words[0] = own_cpu();
        CHECK_EQUAL(ipc_reply_and_wait(endpoint, &message), RECEIVED_CALL);
    }
}

/* A caller hands its own processor to a server only if the server may have it. */
static void test_moved_while_it_waits(void)
{
    handle_t endpoint = SUCCEED(native_endpoint_create(test_world.account));
    handle_t session = SUCCEED(native_session_create(endpoint, 1));
    struct test_thread server;

    test_thread_run(&server, serve_place, endpoint);
    for (uint64_t i = 0; i < CALLS; i++) {
        struct message message;
        test_thread_await(server.handle, THREAD_RECEIVING);
        SUCCEED(native_thread_set_cpus(server.handle, bit(i % cpu_count())));
        message_begin(&message, 0);
        CHECK_STATUS(ipc_call(session, &message), OK);
        CHECK_EQUAL(message.words[0], i % cpu_count());
    }
    SUCCEED(native_thread_kill(server.handle));
    test_thread_join(&server);
    CLOSE(session);
    CLOSE(endpoint);
}

static handle_t mover;

static uint64_t move_itself(uint64_t argument, struct frame *frame)
{
    for (uint64_t i = 0; i < MOVES; i++) {
        SUCCEED(native_thread_set_cpus(mover, bit(i % cpu_count())));
        CHECK_EQUAL(own_cpu(), i % cpu_count());
    }
    return 0;
}

static void test_moves_itself(void)
{
    struct test_thread thread = {
        .function = move_itself, .priority = PRIORITY_NORMAL, .flags = THREAD_SUSPENDED};

    test_thread_start(&thread);
    mover = thread.handle;
    SUCCEED(native_thread_resume(thread.handle));
    test_thread_join(&thread);
}

static void test_processors_that_are_not_there(void)
{
    struct test_thread thread = {
        .function = stay, .priority = PRIORITY_NORMAL, .flags = THREAD_SUSPENDED};
    struct thread_information information;
    uint64_t all = bit(cpu_count()) - 1;

    test_thread_start(&thread);
    CHECK_STATUS(native_thread_set_cpus(thread.handle, 0), INVALID);
    CHECK_STATUS(native_thread_set_cpus(thread.handle, ~all), INVALID);
    SUCCEED(native_thread_inspect(thread.handle, &information));
    CHECK_EQUAL(information.cpus, all);
    SUCCEED(native_thread_set_cpus(thread.handle, ~all | 1));
    SUCCEED(native_thread_inspect(thread.handle, &information));
    CHECK_EQUAL(information.cpus, 1);
    SUCCEED(native_thread_resume(thread.handle));
    test_thread_join(&thread);
    const struct thread_start start = {.pc = (uint64_t)stay, .cpus = ~all};
    CHECK_STATUS(native_thread_create(test_world.self, &start), INVALID);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"made for one", test_made_for_one},
        {"moved while it runs", test_moved_while_it_runs},
        {"moved while it waits", test_moved_while_it_waits},
        {"moves itself", test_moves_itself},
        {"processors that are not there", test_processors_that_are_not_there},
    };
    test_begin();
    TEST_RUN(cases);
}
