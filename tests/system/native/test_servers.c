/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The life of a call beside its message: deadlines, deaths of either side,
 * answers kept for later, notices and events in their order.
 */
#include <base/ipc.h>
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define MILLISECOND UINT64_C(1000000)
#define BADGE 42
#define QUIET_PORT 0x80 /* does nothing, where there are ports */

static handle_t endpoint, session;

static void make_endpoint(void)
{
    endpoint = SUCCEED(native_endpoint_create(test_world.account));
    session = SUCCEED(native_session_create(endpoint, BADGE));
}

static void close_endpoint(void)
{
    if (session != HANDLE_NONE)
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

/* A thread that calls with a word and ends with the answer, or with the status. */
static uint64_t client(uint64_t word, struct frame *frame)
{
    int64_t result = call(word);
    return result < 0 ? (uint64_t)status_of_result(result) : (uint64_t)result;
}

static void answer(handle_t reply, uint64_t word)
{
    struct message message;
    message_begin(&message, 0);
    message.words[0] = word;
    CHECK_STATUS(ipc_reply(reply, &message), OK);
}

/* Receive a call with this word; keep the right to answer it. */
static handle_t receive_and_take(uint64_t word)
{
    struct message message;
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CALL);
    CHECK_EQUAL(message.words[0], word);
    struct message other;
    CHECK_STATUS(ipc_receive(endpoint, &other), BAD_STATE);
    return SUCCEED(native_reply_take());
}

static void test_deadlines(void)
{
    struct message message;
    make_endpoint();
    uint64_t start = test_now();
    ipc_frame()->deadline = start + 5 * MILLISECOND;
    message_begin(&message, 0);
    CHECK_STATUS(ipc_call_until(session, &message), TIMED_OUT);
    CHECK(test_now() >= start + 5 * MILLISECOND);
    CHECK_STATUS(ipc_call_until(session, &message), TIMED_OUT);
    CHECK_STATUS(ipc_receive_until(endpoint, &message), TIMED_OUT);
    ipc_frame()->deadline = test_now() + MILLISECOND;
    CHECK_STATUS(ipc_receive_until(endpoint, &message), TIMED_OUT);
    ipc_frame()->deadline = DEADLINE_NOW;
    CHECK_STATUS(ipc_receive_until(endpoint, &message), TIMED_OUT);
    close_endpoint();
}

static uint64_t impatient(uint64_t wait_ns, struct frame *frame)
{
    struct message message;
    message_begin(&message, 0);
    frame->deadline = test_now() + wait_ns;
    return status_of_result(ipc_call_until(session, &message));
}

/* Until a call of a client that waits 5 ms is here: on a busy host one may have given up before. */
static void receive_impatient(struct test_thread *thread, struct message *message)
{
    for (;;) {
        test_thread_run(thread, impatient, 5 * MILLISECOND);
        ipc_frame()->deadline = test_now() + 20 * MILLISECOND;
        if (ipc_receive_until(endpoint, message) == RECEIVED_CALL)
            return;
        test_thread_join(thread);
    }
}

/* The right to answer such a client, taken while it still waits. */
static handle_t take_impatient(struct test_thread *thread, struct message *message)
{
    for (;;) {
        receive_impatient(thread, message);
        int64_t reply = native_reply_take();
        if (reply >= 0)
            return (handle_t)reply;
        CHECK_STATUS(reply, BAD_STATE);
        test_thread_join(thread);
    }
}

/* Puts a handle into an answer, to be moved; returns it. */
static handle_t enclose_moved(struct message *message)
{
    handle_t event = SUCCEED(native_event_create(test_world.account, 0, 0));
    message_begin(message, 0);
    message_add_handle(message, ipc_frame(), event, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    return event;
}

/* The client is gone when its answer comes: the server hears so, what it gave is gone. */
static void test_answer_too_late(void)
{
    struct test_thread thread;
    make_endpoint();
    struct message message;
    handle_t reply = take_impatient(&thread, &message);
    test_thread_join(&thread);
    handle_t moved = enclose_moved(&message);
    CHECK_STATUS(ipc_reply(reply, &message), DEAD);
    CHECK_STATUS(native_handle_close(reply), BAD_HANDLE);
    CHECK_STATUS(native_handle_close(moved), BAD_HANDLE);
    close_endpoint();
}

/* One answered in the usual way after its client's deadline: the server just goes on, and keeps
 * nothing of what it gave. */
static void test_reply_after_deadline(void)
{
    struct test_thread thread, second;
    struct message message;
    make_endpoint();
    receive_impatient(&thread, &message);
    test_thread_join(&thread);
    test_thread_run(&second, client, 5);
    test_thread_await(second.handle, THREAD_CALLING);
    handle_t moved = enclose_moved(&message);
    CHECK_EQUAL(ipc_reply_and_wait(endpoint, &message), RECEIVED_CALL);
    CHECK_EQUAL(message.words[0], 5);
    CHECK_STATUS(native_handle_close(moved), BAD_HANDLE);
    answer(SUCCEED(native_reply_take()), 5);
    test_thread_join(&second);
    close_endpoint();
}

static void test_answers_in_any_order(void)
{
    struct test_thread threads[4];
    handle_t replies[4];
    make_endpoint();
    for (unsigned i = 0; i < 4; i++) {
        test_thread_run(&threads[i], client, 100 + i);
        replies[i] = receive_and_take(100 + i);
    }
    CHECK_STATUS(native_reply_take(), BAD_STATE);
    for (unsigned i = 4; i-- > 0;) {
        answer(replies[i], 200 + i);
        test_thread_join(&threads[i]);
        CHECK_STATUS(native_handle_close(replies[i]), BAD_HANDLE);
    }
    close_endpoint();
}

static void test_reply_dropped(void)
{
    struct test_thread thread;
    make_endpoint();
    test_thread_run(&thread, client, 7);
    handle_t reply = receive_and_take(7);
    CLOSE(reply);
    test_thread_join(&thread);
    close_endpoint();
}

/* Servers that die. */

static uint64_t receive_and_end(uint64_t at, struct frame *frame)
{
    struct message message;
    CHECK_EQUAL(ipc_receive(at, &message), RECEIVED_CALL);
    return 0;
}

static uint64_t receive_and_hold(uint64_t at, struct frame *frame)
{
    struct message message;
    CHECK_EQUAL(ipc_receive(at, &message), RECEIVED_CALL);
    handle_t reply = SUCCEED(native_reply_take());
    (void)native_handle_copy(reply, RIGHT_SAME, 0);
    return 0;
}

static uint64_t receive_and_fault(uint64_t at, struct frame *frame)
{
    struct message message;
    CHECK_EQUAL(ipc_receive(at, &message), RECEIVED_CALL);
    *(volatile uint32_t *)8 = 1;
    return 0;
}

static uint64_t receive_for_ever(uint64_t at, struct frame *frame)
{
    struct message message;
    CHECK_EQUAL(ipc_receive(at, &message), RECEIVED_CALL);
    for (;;)
        (void)native_thread_yield();
}

static void start_server(struct test_child *server)
{
    test_child_create(server);
    server->argument = test_child_give(server, endpoint, RIGHT_SAME);
    test_child_start(server);
}

static void check_death(test_function *function, enum end_reason reason)
{
    struct process_information information;
    struct test_child server = {.function = function};
    make_endpoint();
    start_server(&server);
    CHECK_STATUS(call(1), SERVER_DIED);
    test_child_join(&server, &information);
    CHECK_EQUAL(information.reason, reason);
    close_endpoint();
}

static void test_server_dies(void)
{
    check_death(receive_and_end, END_EXIT);
    check_death(receive_and_hold, END_EXIT);
    check_death(receive_and_fault, END_FAULT);
}

static uint64_t killer(uint64_t process, struct frame *frame)
{
    test_pause(100 * MILLISECOND); /* until the call has been received */
    SUCCEED(native_process_end(process, 9));
    return 0;
}

static void test_server_killed(void)
{
    struct process_information information;
    struct test_child server = {.function = receive_for_ever};
    struct test_thread thread;
    make_endpoint();
    start_server(&server);
    test_thread_run(&thread, killer, server.process);
    CHECK_STATUS(call(1), SERVER_DIED);
    test_thread_join(&thread);
    test_child_join(&server, &information);
    CHECK_EQUAL(information.reason, END_KILLED);
    CHECK_EQUAL(information.code, 9);
    close_endpoint();
}

/* What nobody has received yet waits for the next server at the same endpoint. */
static void test_endpoint_outlives_server(void)
{
    struct test_child server = {.function = receive_and_end};
    struct test_thread first, second;
    make_endpoint();
    test_thread_run(&first, client, 1);
    test_thread_await(first.handle, THREAD_CALLING);
    test_thread_run(&second, client, 2);
    test_thread_await(second.handle, THREAD_CALLING);
    start_server(&server);
    test_child_finish(&server);
    test_thread_join(&first);
    CHECK_EQUAL(test_thread_state(second.handle), THREAD_CALLING);
    answer(receive_and_take(2), 3);
    test_thread_join(&second);
    close_endpoint();
}

static uint64_t check_closed(uint64_t argument, struct frame *frame)
{
    CHECK_STATUS(call(1), CLOSED);
    return 0;
}

static void test_endpoint_closed(void)
{
    struct test_thread thread;
    struct message message;
    make_endpoint();
    test_thread_run(&thread, check_closed, 0);
    test_thread_await(thread.handle, THREAD_CALLING);
    CLOSE(endpoint);
    test_thread_join(&thread);
    CHECK_STATUS(call(1), CLOSED);
    message_begin(&message, 0);
    CHECK_STATUS(ipc_send(session, &message), CLOSED);
    CLOSE(session);
}

/* A session that is taken back ends the calls that wait by it. */
static uint64_t call_revoked(uint64_t by, struct frame *frame)
{
    struct message message;
    message_begin(&message, 0);
    CHECK_STATUS(ipc_call(by, &message), REVOKED);
    return 0;
}

static void test_session_revoked(void)
{
    struct test_thread thread;
    make_endpoint();
    handle_t below = SUCCEED(native_handle_derive(session, RIGHT_SAME));
    test_thread_run(&thread, call_revoked, below);
    test_thread_await(thread.handle, THREAD_CALLING);
    SUCCEED(native_handle_revoke(session));
    test_thread_join(&thread);
    CLOSE(below);
    close_endpoint();
}

static void test_client_killed(void)
{
    struct test_thread queued, served;
    struct message message;
    make_endpoint();
    test_thread_run(&queued, client, 1);
    test_thread_await(queued.handle, THREAD_CALLING);
    SUCCEED(native_thread_kill(queued.handle));
    test_thread_join(&queued);
    test_thread_run(&served, client, 2);
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CALL);
    CHECK_EQUAL(message.words[0], 2);
    SUCCEED(native_thread_kill(served.handle));
    test_thread_join(&served);
    CHECK_STATUS(native_reply_take(), BAD_STATE);
    close_endpoint();
}

/* Notices and events. */

static uint64_t sender(uint64_t word, struct frame *frame)
{
    struct message message;
    message_begin(&message, 0);
    message.words[0] = word;
    CHECK_STATUS(ipc_send(session, &message), OK);
    return 0;
}

/* The notice that a session has gone comes once, after what was sent by it and before all else. */
static void test_closed_notices(void)
{
    struct test_thread thread;
    struct message message;
    make_endpoint();
    handle_t copy = SUCCEED(native_handle_copy(session, RIGHT_SAME, 0));
    handle_t other = SUCCEED(native_session_create(endpoint, BADGE + 1));
    test_thread_run(&thread, sender, 5);
    test_thread_await(thread.handle, THREAD_CALLING);
    CLOSE(session);
    CLOSE(copy);
    CLOSE(other);
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CLOSED);
    CHECK_EQUAL(message.badge, BADGE + 1);
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_SEND);
    CHECK_EQUAL(message.badge, BADGE);
    CHECK_EQUAL(message.words[0], 5);
    test_thread_join(&thread);
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CLOSED);
    CHECK_EQUAL(message.badge, BADGE);
    ipc_frame()->deadline = DEADLINE_NOW;
    CHECK_STATUS(ipc_receive_until(endpoint, &message), TIMED_OUT);
    session = HANDLE_NONE;
    close_endpoint();
}

static void expect_event(uint64_t key, uint64_t signals)
{
    struct message message;
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_EVENT);
    CHECK_EQUAL(message.badge, key);
    CHECK_EQUAL(message.words[0], signals);
}

static void test_events(void)
{
    struct message message;
    make_endpoint();
    handle_t event = SUCCEED(native_event_create(test_world.account, 0, 0));
    handle_t once = SUCCEED(native_event_create(test_world.account, 0, 0));
    SUCCEED(native_observe(endpoint, event, 0x300, 11, OBSERVE_EDGE));
    SUCCEED(native_observe(endpoint, once, 0x100, 12, OBSERVE_ONCE));
    SUCCEED(native_event_signal(event, 0, 0x500));
    expect_event(11, 0x100);
    SUCCEED(native_event_signal(event, 0, 0x100));
    SUCCEED(native_event_signal(event, 0, 0x200));
    expect_event(11, 0x300);
    SUCCEED(native_event_signal(once, 0, 0x100));
    expect_event(12, 0x100);
    SUCCEED(native_event_signal(once, 0, 0x100));
    SUCCEED(native_unobserve(endpoint, 11));
    SUCCEED(native_event_signal(event, 0, 0x300));
    ipc_frame()->deadline = DEADLINE_NOW;
    CHECK_STATUS(ipc_receive_until(endpoint, &message), TIMED_OUT);
    CHECK_STATUS(native_unobserve(endpoint, 11), NOT_FOUND);
    CLOSE(event);
    CLOSE(once);
    close_endpoint();
}

static uint64_t signal_later(uint64_t event, struct frame *frame)
{
    for (unsigned i = 0; i < 50; i++)
        (void)native_thread_yield();
    SUCCEED(native_event_signal(event, 0, 0x100));
    return 0;
}

/* Events reach a server that waits already, and calls and events do not starve each other. */
static void test_event_wakes_server(void)
{
    struct test_thread thread, caller;
    make_endpoint();
    handle_t event = SUCCEED(native_event_create(test_world.account, 0, 0));
    SUCCEED(native_observe(endpoint, event, 0x100, 1, 0));
    test_thread_run(&thread, signal_later, event);
    expect_event(1, 0x100);
    test_thread_join(&thread);
    test_thread_run(&caller, client, 9);
    test_thread_await(caller.handle, THREAD_CALLING);
    struct message message;
    bool called = false;
    for (unsigned i = 0; i < 3 && !called; i++)
        called = ipc_receive(endpoint, &message) == RECEIVED_CALL;
    CHECK(called); /* though the event's level stands all the time */
    answer(SUCCEED(native_reply_take()), 9);
    test_thread_join(&caller);
    CLOSE(event);
    close_endpoint();
}

/* What a driver that is started again asks: did my predecessor's last access take place? */
static void test_ports_count_bytes(void)
{
    struct ioport_information information;
    uint8_t bytes[] = {1, 2, 3};
    handle_t all = service_handle("ioports");
    if (all == HANDLE_NONE)
        return;
    handle_t ports = SUCCEED(native_ioport_create(all, QUIET_PORT, 4));
    SUCCEED(native_ioport_write(ports, QUIET_PORT, 1, bytes, sizeof(bytes)));
    SUCCEED(native_ioport_read(ports, QUIET_PORT, 1, bytes, 2));
    CHECK_STATUS(native_ioport_read(ports, QUIET_PORT + 4, 1, bytes, 1), OUT_OF_RANGE);
    SUCCEED(native_ioport_inspect(ports, &information));
    CHECK_EQUAL(information.first, QUIET_PORT);
    CHECK_EQUAL(information.count, 4);
    CHECK_EQUAL(information.written, 3);
    CHECK_EQUAL(information.read, 2);
    CLOSE(ports);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"deadlines", test_deadlines},
        {"an answer that comes too late", test_answer_too_late},
        {"a reply after the deadline", test_reply_after_deadline},
        {"answers in any order", test_answers_in_any_order},
        {"a reply dropped", test_reply_dropped},
        {"a server dies", test_server_dies},
        {"a server is killed", test_server_killed},
        {"an endpoint outlives its server", test_endpoint_outlives_server},
        {"an endpoint is closed", test_endpoint_closed},
        {"a session is revoked", test_session_revoked},
        {"a client is killed", test_client_killed},
        {"closed notices", test_closed_notices},
        {"events at an endpoint", test_events},
        {"an event wakes a server", test_event_wakes_server},
        {"ports count their bytes", test_ports_count_bytes},
    };
    test_begin();
    TEST_RUN(cases);
}
