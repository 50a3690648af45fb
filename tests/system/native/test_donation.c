/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The priority that goes with a call: a server serves at its caller's, and at
 * that of whoever is queued, so that nobody in between holds them up.
 */
#include <base/ipc.h>
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define SPIN_LIMIT UINT64_C(2000000000) /* far longer than a call takes */

static handle_t endpoint, session;

static void make_endpoint(void)
{
    endpoint = SUCCEED(native_endpoint_create(test_world.account));
    session = SUCCEED(native_session_create(endpoint, 1));
}

static void close_endpoint(void)
{
    CLOSE(session);
    CLOSE(endpoint);
}

static int64_t call(uint64_t word)
{
    struct message message;
    message_begin(&message, 0);
    message.words[0] = word;
    int64_t result = ipc_call(session, &message);
    return result < 0 ? result : (int64_t)message.words[0];
}

static uint64_t client(uint64_t word, struct frame *frame)
{
    SUCCEED(call(word));
    return 0;
}

static volatile uint32_t stop_spinning;

static uint64_t spin(uint64_t argument, struct frame *frame)
{
    uint64_t end = test_now() + SPIN_LIMIT;
    while (stop_spinning == 0 && test_now() < end)
        continue;
    return 0;
}

/* Answers without taking the reply: that would end the donation. */
static uint64_t serve(uint64_t at, struct frame *frame)
{
    struct message message;
    CHECK_EQUAL(ipc_receive(at, &message), RECEIVED_CALL);
    for (;;) {
        for (unsigned i = 0; i < 20; i++)
            (void)native_thread_yield();
        message.words[0]++;
        CHECK_EQUAL(ipc_reply_and_wait(at, &message), RECEIVED_CALL);
    }
}

static uint64_t forward(uint64_t to, struct frame *frame)
{
    struct message message;
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CALL);
    for (;;) {
        CHECK_STATUS(ipc_call(to, &message), OK);
        CHECK_EQUAL(ipc_reply_and_wait(endpoint, &message), RECEIVED_CALL);
    }
}

static void end_server(struct test_thread *server)
{
    SUCCEED(native_thread_kill(server->handle));
    test_thread_join(server);
}

static void start_low(struct test_thread *thread, test_function *function, uint64_t argument)
{
    *thread = (struct test_thread){
        .function = function, .argument = argument, .priority = PRIORITY_BATCH};
    test_thread_start(thread);
}

static void start_spinner(struct test_thread *thread)
{
    stop_spinning = 0;
    *thread = (struct test_thread){.function = spin, .priority = PRIORITY_BATCH + 1};
    test_thread_start(thread);
}

/*
 * A server below a thread that never stops serves a caller above it in time,
 * because it has the caller's priority meanwhile; so does one it calls itself.
 */
static void test_donation(void)
{
    struct test_thread middle, low, spinner;
    make_endpoint();
    handle_t far = SUCCEED(native_endpoint_create(test_world.account));
    handle_t way = SUCCEED(native_session_create(far, 1));
    start_low(&low, serve, far);
    start_low(&middle, forward, way);
    test_thread_await(low.handle, THREAD_RECEIVING);
    test_thread_await(middle.handle, THREAD_RECEIVING);
    start_spinner(&spinner);
    CHECK_EQUAL(call(5), 6);
    CHECK_EQUAL(test_thread_state(spinner.handle), THREAD_RUNNABLE);
    stop_spinning = 1;
    test_thread_join(&spinner);
    end_server(&middle);
    end_server(&low);
    CLOSE(way);
    CLOSE(far);
    close_endpoint();
}

static volatile bool released;

static uint64_t serve_when_released(uint64_t at, struct frame *frame)
{
    struct message message;
    CHECK_EQUAL(ipc_receive(at, &message), RECEIVED_CALL);
    while (!released)
        (void)native_thread_yield();
    for (;;)
        CHECK_EQUAL(ipc_reply_and_wait(at, &message), RECEIVED_CALL);
}

static uint64_t release_and_call(uint64_t word, struct frame *frame)
{
    released = true;
    return client(word, frame);
}

/* Who queues lends too: the server is still at an earlier caller's request. */
static void test_queued_donation(void)
{
    struct test_thread server, early, late, spinner;
    make_endpoint();
    released = false;
    start_low(&server, serve_when_released, endpoint);
    start_low(&early, client, 1);
    test_thread_await(early.handle, THREAD_CALLING);
    test_thread_await(server.handle, THREAD_RUNNABLE);
    start_spinner(&spinner);
    test_thread_run(&late, release_and_call, 2);
    test_thread_join(&late);
    CHECK_EQUAL(test_thread_state(spinner.handle), THREAD_RUNNABLE);
    stop_spinning = 1;
    test_thread_join(&spinner);
    test_thread_join(&early);
    end_server(&server);
    close_endpoint();
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"donation by the caller", test_donation},
        {"donation by who is queued", test_queued_donation},
    };
    test_begin();
    TEST_RUN(cases);
}
