/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Calls, sends, notices, replies; what ends them, and who lends what to whom. */
#include "machine_fake.h"

#include <kernel/call_arguments.h>
#include <kernel/event.h>
#include <kernel/scheduler_queue.h>
#include <trellis/message.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BADGE 77

static struct thread *server, *client, *other;
static struct endpoint *endpoint;
static handle_t own_endpoint, way_in, other_way_in;

static int64_t receive(void)
{
    return machine_call(server, call_ipc_receive, own_endpoint, 0);
}

static int64_t answer(uint64_t information)
{
    return machine_call(server, call_ipc_reply_and_wait, own_endpoint, information);
}

static int64_t call(struct thread *thread, handle_t session)
{
    return machine_call(thread, call_ipc_call, session, 0);
}

static int setup(void **state)
{
    machine_setup(state);
    server = machine_program(PRIORITY_SERVER);
    client = machine_program(PRIORITY_NORMAL);
    other = machine_program(PRIORITY_DRIVER);
    endpoint = machine_endpoint(server, &own_endpoint);
    way_in = machine_session(endpoint, BADGE, client);
    other_way_in = machine_session(endpoint, BADGE + 1, other);
    client->arch.words[0] = 11;
    return 0;
}

static int teardown(void **state)
{
    thread_end(client, 0);
    thread_end(server, 0);
    thread_end(other, 0);
    return machine_teardown(state);
}

static void a_call_and_its_answer(void **state)
{
    (void)state;
    assert_int_equal(receive(), MACHINE_BLOCKED);
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    assert_int_equal(machine_result(server), RECEIVED_CALL);
    assert_int_equal(server->arch.badge, BADGE);
    assert_int_equal(server->arch.words[0], 11);
    server->arch.words[0] = 22;
    assert_int_equal(answer(5), MACHINE_BLOCKED);
    assert_int_equal(machine_result(client), 0);
    assert_int_equal(client->arch.words[0], 22);
    assert_int_equal(client->arch.information, 5);
}

static void a_queued_call_is_received_later(void **state)
{
    (void)state;
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    assert_int_equal(receive(), RECEIVED_CALL);
    assert_int_equal(server->arch.badge, BADGE);
    assert_int_equal(receive(), status_to_result(STATUS_BAD_STATE));
    assert_int_equal(answer(0), MACHINE_BLOCKED);
    assert_int_equal(machine_result(client), 0);
}

static void a_send_ends_when_it_is_taken(void **state)
{
    (void)state;
    assert_int_equal(machine_call(client, call_ipc_send, way_in, 0), MACHINE_BLOCKED);
    assert_int_equal(receive(), RECEIVED_SEND);
    assert_int_equal(machine_result(client), 0);
    assert_int_equal(receive(), MACHINE_BLOCKED);
    assert_int_equal(machine_call(client, call_ipc_send, way_in, 0), 0);
    assert_int_equal(machine_result(server), RECEIVED_SEND);
}

static void text_goes_from_frame_to_frame(void **state)
{
    (void)state;
    assert_int_equal(receive(), MACHINE_BLOCKED);
    memcpy(frame_text(client->frame), "hello", 6);
    machine_call(client, call_ipc_call, way_in, message_information(1, 0, 6));
    assert_string_equal(frame_text(server->frame), "hello");
    assert_int_equal(machine_call(client, call_ipc_call, way_in, UINT64_C(1) << 60),
                     status_to_result(STATUS_INVALID));
}

static handle_t client_event(void)
{
    const struct event_create_arguments arguments = {.account = machine_account};
    return (handle_t)call_event_create(client, &arguments);
}

static void handles_are_moved_and_copied(void **state)
{
    struct handle_view view;
    (void)state;
    handle_t moved = client_event(), copied = client_event();
    client->frame->handles[0] = (struct message_handle){moved, RIGHT_SAME, MESSAGE_HANDLE_MOVE};
    client->frame->handles[1] = (struct message_handle){copied, RIGHT_WAIT, 0};
    machine_call(client, call_ipc_call, way_in, message_information(0, 2, 0));
    assert_int_equal(receive(), RECEIVED_CALL);
    const struct message_handle *arrived = server->frame->handles;
    assert_int_equal(arrived[0].rights, RIGHT_ALL);
    assert_int_equal(arrived[1].rights, RIGHT_WAIT);
    assert_ptr_equal(machine_object(server, arrived[1].handle), machine_object(client, copied));
    assert_int_equal(handle_resolve(&client->process->handles, moved, OBJECT_ANY, 0, &view),
                     STATUS_BAD_HANDLE);
}

static void an_undeliverable_call_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(receive(), MACHINE_BLOCKED);
    client->frame->handles[0] =
        (struct message_handle){client_event(), RIGHT_SAME, MESSAGE_HANDLE_MOVE};
    client->frame->handles[1] = (struct message_handle){12345, RIGHT_SAME, 0};
    assert_int_equal(machine_call(client, call_ipc_call, way_in, message_information(0, 2, 0)),
                     status_to_result(STATUS_BAD_HANDLE));
    assert_true(machine_waits(server));
    machine_object(client, client->frame->handles[0].handle);
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    assert_int_equal(machine_result(server), RECEIVED_CALL);
}

static void a_queued_call_that_is_undeliverable_goes_back(void **state)
{
    (void)state;
    client->frame->handles[0] = (struct message_handle){12345, RIGHT_SAME, 0};
    machine_call(client, call_ipc_call, way_in, message_information(0, 1, 0));
    assert_int_equal(call(other, other_way_in), MACHINE_BLOCKED);
    assert_int_equal(receive(), RECEIVED_CALL);
    assert_int_equal(server->arch.badge, BADGE + 1);
    assert_int_equal(answer(0), MACHINE_BLOCKED);
    assert_int_equal(machine_result(client), status_to_result(STATUS_BAD_HANDLE));
}

static void an_answer_that_does_not_fit_can_be_given_again(void **state)
{
    (void)state;
    assert_int_equal(receive(), MACHINE_BLOCKED);
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    server->frame->handles[0] = (struct message_handle){own_endpoint, RIGHT_SAME, 0};
    atomic_store(&machine_account->limit[ALLOW_HANDLES], 0);
    assert_int_equal(answer(message_information(0, 1, 0)), status_to_result(STATUS_LIMIT));
    assert_true(machine_waits(client));
    assert_ptr_equal(server->client, client);
    assert_int_equal(answer(0), MACHINE_BLOCKED);
    assert_int_equal(machine_result(client), 0);
}

static void a_deadline_ends_the_wait_and_not_the_work(void **state)
{
    (void)state;
    assert_int_equal(receive(), MACHINE_BLOCKED);
    client->frame->deadline = host_clock_ns + 100;
    assert_int_equal(machine_call(client, call_ipc_call_until, way_in, 0), MACHINE_BLOCKED);
    machine_pass_time(200);
    assert_int_equal(machine_result(client), status_to_result(STATUS_TIMED_OUT));
    assert_null(server->client);
    assert_int_equal(answer(0), MACHINE_BLOCKED);
    client->frame->deadline = host_clock_ns;
    assert_int_equal(machine_call(client, call_ipc_call_until, way_in, 0),
                     status_to_result(STATUS_TIMED_OUT));
    assert_true(machine_waits(server));
}

static void the_death_of_the_server_ends_what_it_was_asked(void **state)
{
    (void)state;
    struct thread *second = machine_thread(server->process, PRIORITY_SERVER);
    assert_int_equal(machine_call(second, call_ipc_receive, own_endpoint, 0), MACHINE_BLOCKED);
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    assert_int_equal(call(other, other_way_in), MACHINE_BLOCKED);
    thread_end(second, 0);
    assert_int_equal(machine_result(client), status_to_result(STATUS_SERVER_DIED));
    assert_true(machine_waits(other));
}

static void the_death_of_the_client_is_not_noticed(void **state)
{
    (void)state;
    struct thread *second = machine_thread(client->process, PRIORITY_NORMAL);
    assert_int_equal(receive(), MACHINE_BLOCKED);
    assert_int_equal(call(second, way_in), MACHINE_BLOCKED);
    thread_end(second, 0);
    machine_leave();
    assert_null(server->client);
    assert_int_equal(answer(0), MACHINE_BLOCKED);
}

static void a_reply_object_answers_later(void **state)
{
    (void)state;
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    assert_int_equal(receive(), RECEIVED_CALL);
    handle_t reply = (handle_t)call_reply_take(server);
    assert_int_equal(call_reply_take(server), status_to_result(STATUS_BAD_STATE));
    assert_int_equal(receive(), MACHINE_BLOCKED);
    struct thread *second = machine_thread(server->process, PRIORITY_SERVER);
    assert_int_equal(machine_call(second, call_ipc_reply, reply, 8), 0);
    assert_int_equal(machine_result(client), 0);
    assert_int_equal(client->arch.information, 8);
    assert_int_equal(machine_call(second, call_ipc_reply, reply, 0),
                     status_to_result(STATUS_BAD_HANDLE));
    thread_end(second, 0);
}

static void a_reply_object_closed_unused_ends_the_call(void **state)
{
    (void)state;
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    assert_int_equal(receive(), RECEIVED_CALL);
    handle_t reply = (handle_t)call_reply_take(server);
    assert_int_equal(handle_close(&server->process->handles, reply), STATUS_OK);
    assert_int_equal(machine_result(client), status_to_result(STATUS_SERVER_DIED));
}

static void a_dead_client_leaves_its_reply_object_empty(void **state)
{
    (void)state;
    struct thread *second = machine_thread(client->process, PRIORITY_NORMAL);
    assert_int_equal(call(second, way_in), MACHINE_BLOCKED);
    assert_int_equal(receive(), RECEIVED_CALL);
    handle_t reply = (handle_t)call_reply_take(server);
    thread_end(second, 0);
    assert_int_equal(machine_call(server, call_ipc_reply, reply, 0), status_to_result(STATUS_DEAD));
}

static void a_closed_notice_comes_after_its_calls_only(void **state)
{
    (void)state;
    struct handle_view view;
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    assert_int_equal(handle_resolve(&client->process->handles, way_in, OBJECT_ANY, 0, &view),
                     STATUS_OK);
    assert_int_equal(handle_close(&client->process->handles, way_in), STATUS_OK);
    assert_int_equal(handle_close(&other->process->handles, other_way_in), STATUS_OK);
    assert_int_equal(receive(), RECEIVED_CLOSED);
    assert_int_equal(server->arch.badge, BADGE + 1);
    assert_int_equal(receive(), RECEIVED_CALL);
    assert_int_equal(answer(0), RECEIVED_CLOSED);
    assert_int_equal(server->arch.badge, BADGE);
    assert_int_equal(receive(), MACHINE_BLOCKED);
}

/* Whoever ends before he received again may not have acted on it. */
static void a_closed_notice_comes_back(void **state)
{
    (void)state;
    struct thread *second = machine_thread(server->process, PRIORITY_SERVER);
    assert_int_equal(handle_close(&client->process->handles, way_in), STATUS_OK);
    assert_int_equal(machine_call(second, call_ipc_receive, own_endpoint, 0), RECEIVED_CLOSED);
    assert_int_equal(call(other, other_way_in), MACHINE_BLOCKED);
    thread_end(second, 0);
    assert_int_equal(receive(), RECEIVED_CLOSED);
    assert_int_equal(server->arch.badge, BADGE);
    assert_int_equal(receive(), RECEIVED_CALL);
    assert_int_equal(answer(0), MACHINE_BLOCKED);
}

static void a_closed_notice_acted_on_does_not_come_back(void **state)
{
    (void)state;
    struct thread *second = machine_thread(server->process, PRIORITY_SERVER);
    assert_int_equal(handle_close(&client->process->handles, way_in), STATUS_OK);
    assert_int_equal(machine_call(second, call_ipc_receive, own_endpoint, 0), RECEIVED_CLOSED);
    assert_int_equal(call(other, other_way_in), MACHINE_BLOCKED);
    assert_int_equal(machine_call(second, call_ipc_receive, own_endpoint, 0), RECEIVED_CALL);
    thread_end(second, 0);
    machine_leave();
    assert_int_equal(machine_result(other), status_to_result(STATUS_SERVER_DIED));
    assert_int_equal(receive(), MACHINE_BLOCKED);
    assert_int_equal(handle_close(&other->process->handles, other_way_in), STATUS_OK);
    assert_int_equal(machine_result(server), RECEIVED_CLOSED);
}

static void an_event_is_given_to_who_waits(void **state)
{
    (void)state;
    const struct event_create_arguments made = {.account = machine_account};
    handle_t event = (handle_t)call_event_create(server, &made);
    struct object *object = machine_object(server, event);
    const struct observe_arguments arguments = {
        .queue = &endpoint->object, .object = object, .mask = 0x300, .key = 5};
    assert_int_equal(call_observe(server, &arguments), 0);
    assert_int_equal(receive(), MACHINE_BLOCKED);
    object_signal(object, 0, 0x100);
    assert_int_equal(machine_result(server), RECEIVED_EVENT);
    assert_int_equal(server->arch.badge, 5);
    assert_int_equal(server->arch.words[0], 0x100);
}

/* Neither events that stand for ever nor calls that never end keep the others out. */
static void all_kinds_take_turns(void **state)
{
    (void)state;
    const struct event_create_arguments made = {.account = machine_account};
    handle_t event = (handle_t)call_event_create(server, &made);
    const struct observe_arguments arguments = {.queue = &endpoint->object,
                                                .object = machine_object(server, event),
                                                .mask = 0x100,
                                                .key = 5};
    object_signal(arguments.object, 0, 0x100);
    assert_int_equal(call_observe(server, &arguments), 0);
    assert_int_equal(machine_call(client, call_ipc_send, way_in, 0), MACHINE_BLOCKED);
    assert_int_equal(handle_close(&other->process->handles, other_way_in), STATUS_OK);
    unsigned seen = 0;
    for (unsigned i = 0; i < 3; i++)
        seen |= 1u << receive();
    assert_int_equal(seen, 1u << RECEIVED_SEND | 1u << RECEIVED_EVENT | 1u << RECEIVED_CLOSED);
}

static void revocation_ends_calls_on_their_way(void **state)
{
    (void)state;
    const struct handle_derive_arguments arguments = {.handle = way_in, .rights = RIGHT_SAME};
    handle_t derived = (handle_t)call_handle_derive(client, &arguments);
    struct thread *second = machine_thread(client->process, PRIORITY_NORMAL);
    struct thread *third = machine_thread(client->process, PRIORITY_NORMAL);
    assert_int_equal(receive(), MACHINE_BLOCKED);
    assert_int_equal(call(second, derived), MACHINE_BLOCKED); /* taken */
    assert_int_equal(call(third, derived), MACHINE_BLOCKED);  /* queued */
    assert_int_equal(call(other, other_way_in), MACHINE_BLOCKED);
    const struct handle_revoke_arguments revoked = {.handle = way_in};
    assert_int_equal(call_handle_revoke(client, &revoked), 0);
    assert_int_equal(machine_result(second), status_to_result(STATUS_REVOKED));
    assert_int_equal(machine_result(third), status_to_result(STATUS_REVOKED));
    assert_true(machine_waits(other));
    assert_int_equal(call(second, derived), status_to_result(STATUS_REVOKED));
    thread_end(second, 0);
    thread_end(third, 0);
}

static void an_endpoint_without_holders_is_dead(void **state)
{
    (void)state;
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    machine_give(other, &endpoint->object, RIGHT_WAIT); /* not a holder */
    assert_int_equal(handle_close(&server->process->handles, own_endpoint), STATUS_OK);
    assert_int_equal(machine_result(client), status_to_result(STATUS_CLOSED));
    assert_int_equal(call(client, way_in), status_to_result(STATUS_CLOSED));
}

static void a_closed_endpoint_ends_waits_to_receive(void **state)
{
    (void)state;
    assert_int_equal(receive(), MACHINE_BLOCKED);
    assert_int_equal(handle_close(&server->process->handles, own_endpoint), STATUS_OK);
    assert_int_equal(machine_result(server), status_to_result(STATUS_CLOSED));
}

static void interruption_ends_receiving_and_not_calling(void **state)
{
    (void)state;
    assert_int_equal(receive(), MACHINE_BLOCKED);
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    thread_interrupt(client);
    assert_true(machine_waits(client));
    assert_int_equal(answer(0), MACHINE_BLOCKED);
    thread_interrupt(server);
    assert_int_equal(machine_result(server), status_to_result(STATUS_INTERRUPTED));
    assert_int_equal(receive(), status_to_result(STATUS_INTERRUPTED));
    server->frame->interrupted = 0;
    assert_int_equal(receive(), MACHINE_BLOCKED);
}

/* other (6) calls server (5), which is in a call to a third (3). */
static void priority_and_account_go_along_chains(void **state)
{
    (void)state;
    struct account *rich;
    const struct account_limits limits = {100, 100, 100, 100, UINT64_MAX, UINT64_MAX};
    assert_int_equal(account_create(machine_account, &limits, &rich), STATUS_OK);
    struct thread *third = machine_program(PRIORITY_NORMAL);
    handle_t deep;
    struct endpoint *deep_endpoint = machine_endpoint(third, &deep);
    handle_t deep_way = machine_session(deep_endpoint, 0, server);
    struct account *poor = other->process->account;
    other->process->account = rich;

    assert_int_equal(machine_call(third, call_ipc_receive, deep, 0), MACHINE_BLOCKED);
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    assert_int_equal(receive(), RECEIVED_CALL);
    assert_int_equal(server->effective, PRIORITY_SERVER);
    assert_int_equal(machine_call(server, call_ipc_call, deep_way, 0), MACHINE_BLOCKED);
    assert_int_equal(third->effective, PRIORITY_SERVER);
    assert_int_equal(call(other, other_way_in), MACHINE_BLOCKED); /* queued: lends */
    assert_int_equal(server->effective, PRIORITY_DRIVER);
    assert_int_equal(third->effective, PRIORITY_DRIVER);
    assert_int_equal(machine_call(third, call_ipc_reply_and_wait, deep, 0), MACHINE_BLOCKED);
    assert_int_equal(third->effective, PRIORITY_NORMAL);
    assert_int_equal(answer(0), RECEIVED_CALL);
    assert_ptr_equal(scheduler_account_of(server), rich);
    assert_int_equal(answer(0), MACHINE_BLOCKED);
    assert_int_equal(server->effective, PRIORITY_SERVER);
    assert_ptr_equal(scheduler_account_of(server), machine_account);
    other->process->account = poor;
    thread_end(third, 0);
    object_release(&rich->object);
}

static void callers_are_received_by_priority(void **state)
{
    (void)state;
    assert_int_equal(call(client, way_in), MACHINE_BLOCKED);
    assert_int_equal(call(other, other_way_in), MACHINE_BLOCKED);
    assert_int_equal(receive(), RECEIVED_CALL);
    assert_int_equal(server->arch.badge, BADGE + 1);
    assert_int_equal(answer(0), RECEIVED_CALL);
    assert_int_equal(server->arch.badge, BADGE);
}

static void accounts_take_turns(void **state)
{
    (void)state;
    struct account *rich;
    const struct account_limits limits = {100, 100, 100, 100, UINT64_MAX, UINT64_MAX};
    assert_int_equal(account_create(machine_account, &limits, &rich), STATUS_OK);
    struct account *poor = other->process->account;
    struct thread *callers[5];
    for (unsigned i = 0; i < 3; i++) { /* a crowd */
        callers[i] = machine_thread(client->process, PRIORITY_NORMAL);
        assert_int_equal(call(callers[i], way_in), MACHINE_BLOCKED);
    }
    other->process->account = rich;
    for (unsigned i = 3; i < 5; i++) {
        callers[i] = machine_thread(other->process, PRIORITY_NORMAL);
        assert_int_equal(call(callers[i], other_way_in), MACHINE_BLOCKED);
    }
    static const unsigned order[] = {0, 3, 1, 4, 2};
    assert_int_equal(receive(), RECEIVED_CALL);
    for (unsigned i = 0; i < 5; i++) {
        assert_ptr_equal(server->client, callers[order[i]]);
        if (i == 3) /* it has had its turn */
            assert_int_equal(call(callers[3], other_way_in), MACHINE_BLOCKED);
        assert_int_equal(answer(0), RECEIVED_CALL);
    }
    assert_ptr_equal(server->client, callers[3]);
    other->process->account = poor;
    for (unsigned i = 0; i < 5; i++)
        thread_end(callers[i], 0);
    object_release(&rich->object);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    host_memory_init(2 * TEST_PAGES);
    const struct CMUnitTest tests[] = {
        TEST(a_call_and_its_answer),
        TEST(a_queued_call_is_received_later),
        TEST(a_send_ends_when_it_is_taken),
        TEST(text_goes_from_frame_to_frame),
        TEST(handles_are_moved_and_copied),
        TEST(an_undeliverable_call_changes_nothing),
        TEST(a_queued_call_that_is_undeliverable_goes_back),
        TEST(an_answer_that_does_not_fit_can_be_given_again),
        TEST(a_deadline_ends_the_wait_and_not_the_work),
        TEST(the_death_of_the_server_ends_what_it_was_asked),
        TEST(the_death_of_the_client_is_not_noticed),
        TEST(a_reply_object_answers_later),
        TEST(a_reply_object_closed_unused_ends_the_call),
        TEST(a_dead_client_leaves_its_reply_object_empty),
        TEST(a_closed_notice_comes_after_its_calls_only),
        TEST(a_closed_notice_comes_back),
        TEST(a_closed_notice_acted_on_does_not_come_back),
        TEST(an_event_is_given_to_who_waits),
        TEST(all_kinds_take_turns),
        TEST(revocation_ends_calls_on_their_way),
        TEST(an_endpoint_without_holders_is_dead),
        TEST(a_closed_endpoint_ends_waits_to_receive),
        TEST(interruption_ends_receiving_and_not_calling),
        TEST(priority_and_account_go_along_chains),
        TEST(callers_are_received_by_priority),
        TEST(accounts_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
