/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Call and reply. Who answers is a process that is a copy of this one, or a
 * thread of this one; both answer with as many words as they were asked.
 */
#include "bench.h"

#include <base/ipc.h>

#include "harness.h"
#include "threads.h"

#define TEXT_SIZE 8
#define NEVER_PASSED (UINT64_C(3600) * 1000000000) /* an hour after boot */

static handle_t session, passed;
static struct test_child server_process;
static struct test_thread server_thread;

static int64_t answer(handle_t endpoint, struct message *message)
{
    return (message->information & MESSAGE_LONG) != 0
               ? native_message_call(CALL_IPC_REPLY_AND_WAIT, endpoint, message)
               : native_short_message_call(CALL_IPC_REPLY_AND_WAIT, endpoint, message);
}

static uint64_t serve(uint64_t endpoint, struct frame *frame)
{
    struct message message;
    int64_t received = ipc_receive(endpoint, &message);
    while (received == RECEIVED_CALL)
        received = answer(endpoint, &message);
    return 0;
}

/* The same for calls with a handle, which is closed. */
static uint64_t serve_handles(uint64_t endpoint, struct frame *frame)
{
    struct message message;
    int64_t received = ipc_receive(endpoint, &message);
    while (received == RECEIVED_CALL) {
        CLOSE(frame->handles[0].handle);
        message_begin(&message, 0);
        received = native_short_message_call(CALL_IPC_REPLY_AND_WAIT, endpoint, &message);
    }
    return 0;
}

static void run_call(uint64_t round)
{
    struct message message = {0};
    (void)native_short_message_call(CALL_IPC_CALL, session, &message);
}

static void run_call_4(uint64_t round)
{
    struct message message = {.words = {1, 2, 3, 4}};
    (void)native_short_message_call(CALL_IPC_CALL, session, &message);
}

static void run_call_8(uint64_t round)
{
    struct message message = {.information = MESSAGE_LONG, .words = {1, 2, 3, 4, 5, 6, 7, 8}};
    (void)native_message_call(CALL_IPC_CALL, session, &message);
}

/* By the general path both ways. */
static void run_call_text(uint64_t round)
{
    struct message message = {.information = message_information(0, 0, TEXT_SIZE)};
    (void)native_short_message_call(CALL_IPC_CALL, session, &message);
}

/* The answer goes by the general path too. */
static void run_call_until(uint64_t round)
{
    struct message message = {0};
    (void)native_short_message_call(CALL_IPC_CALL_UNTIL, session, &message);
}

static void run_call_handle(uint64_t round)
{
    struct message message = {0};
    message_add_handle(&message, bench_frame, passed, RIGHT_SAME, 0);
    (void)native_short_message_call(CALL_IPC_CALL, session, &message);
}

static void start_process(test_function *function)
{
    server_process = (struct test_child){.function = function, .priority = BENCH_PRIORITY};
    handle_t endpoint = SUCCEED(native_endpoint_create(test_world.account));
    session = SUCCEED(native_session_create(endpoint, 1));
    test_child_create(&server_process);
    server_process.argument = test_child_give(&server_process, endpoint, RIGHT_SAME);
    CLOSE(endpoint);
    test_child_start(&server_process);
    test_thread_await(server_process.thread, THREAD_RECEIVING);
}

static void start_other(void)
{
    start_process(serve);
}

static void start_taker(void)
{
    passed = SUCCEED(native_event_create(test_world.account, 0, 0));
    start_process(serve_handles);
}

static void start_until(void)
{
    start_other();
    bench_frame->deadline = NEVER_PASSED;
}

/* The server finds that its session is closed. */
static void end_process(void)
{
    CLOSE(session);
    test_child_finish(&server_process);
}

static void end_taker(void)
{
    end_process();
    CLOSE(passed);
}

static handle_t endpoint_here;

static void start_thread(uint32_t priority)
{
    endpoint_here = SUCCEED(native_endpoint_create(test_world.account));
    session = SUCCEED(native_session_create(endpoint_here, 1));
    server_thread =
        (struct test_thread){.function = serve, .argument = endpoint_here, .priority = priority};
    test_thread_start(&server_thread);
    test_thread_await(server_thread.handle, THREAD_RECEIVING);
}

static void start_same(void)
{
    start_thread(BENCH_PRIORITY);
}

static void start_passive(void)
{
    start_thread(BENCH_PRIORITY_BELOW);
}

static void end_thread(void)
{
    CLOSE(session);
    test_thread_join(&server_thread);
    CLOSE(endpoint_here);
}

static const struct bench_row rows[] = {
    {.name = "call_reply_same_space", .prepare = start_same, .run = run_call, .finish = end_thread},
    {.name = "call_reply_same_space_4_words",
     .prepare = start_same,
     .run = run_call_4,
     .finish = end_thread},
    {.name = "call_reply_same_space_8_words",
     .prepare = start_same,
     .run = run_call_8,
     .finish = end_thread},
    {.name = "call_reply", .prepare = start_other, .run = run_call, .finish = end_process},
    {.name = "call_reply_4_words",
     .prepare = start_other,
     .run = run_call_4,
     .finish = end_process},
    {.name = "call_reply_8_words",
     .prepare = start_other,
     .run = run_call_8,
     .finish = end_process},
    {.name = "call_reply_text",
     .prepare = start_other,
     .run = run_call_text,
     .finish = end_process},
    {.name = "call_reply_until",
     .prepare = start_until,
     .run = run_call_until,
     .finish = end_process},
    {.name = "call_reply_handle",
     .prepare = start_taker,
     .run = run_call_handle,
     .finish = end_taker},
    {.name = "call_reply_passive", .prepare = start_passive, .run = run_call, .finish = end_thread},
};
BENCH_FAMILY(bench_messages, rows);
