/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The plain call and answer: the same effect as in general, or none. */
#include "machine_fake.h"

#include <arch/host.h>
#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/scheduler_queue.h>
#include <trellis/message.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct thread *server, *client, *other;
static struct endpoint *endpoint;
static handle_t own_endpoint, way_in;

static bool was_fast;

static int64_t fast_or_general(struct thread *self, uint64_t number,
                               int64_t (*general)(struct thread *self))
{
    self->arch.number = number;
    was_fast = host_message(self) != NULL;
    return was_fast ? status_to_result(STATUS_BLOCKED) : general(self);
}

static int64_t fast_or_general_call(struct thread *self)
{
    return fast_or_general(self, CALL_IPC_CALL, call_ipc_call);
}

static int64_t fast_or_general_answer(struct thread *self)
{
    return fast_or_general(self, CALL_IPC_REPLY_AND_WAIT, call_ipc_reply_and_wait);
}

static int64_t receive(void)
{
    return machine_call(server, call_ipc_receive, own_endpoint, 0);
}

static int setup(void **state)
{
    machine_setup(state);
    server = machine_program(PRIORITY_SERVER);
    client = machine_program(PRIORITY_NORMAL);
    other = machine_program(PRIORITY_DRIVER);
    endpoint = machine_endpoint(server, &own_endpoint);
    way_in = machine_session(endpoint, 0, client);
    return 0;
}

static int teardown(void **state)
{
    thread_end(client, 0);
    thread_end(server, 0);
    thread_end(other, 0);
    return machine_teardown(state);
}

/* Nothing is ready that is more urgent than these two. */
static void leave_alone(void)
{
    scheduler_block(other);
    scheduler_queue_remove(other);
    cpu_current()->reschedule = false;
}

static void the_fast_path_does_the_same(void **state)
{
    (void)state;
    leave_alone();
    assert_int_equal(receive(), MACHINE_BLOCKED);
    client->identity = 99;
    assert_int_equal(machine_call(client, fast_or_general_call, way_in, 3), MACHINE_BLOCKED);
    assert_true(was_fast);
    assert_int_equal(machine_result(server), RECEIVED_CALL);
    assert_ptr_equal(thread_current(), server);
    assert_int_equal(server->arch.identity, 99);
    assert_int_equal(server->arch.information, 3);
    assert_ptr_equal(server->client, client);
    assert_int_equal(machine_call(server, fast_or_general_answer, own_endpoint, 4),
                     MACHINE_BLOCKED);
    assert_true(was_fast);
    assert_int_equal(machine_result(client), 0);
    assert_ptr_equal(thread_current(), client);
    assert_null(server->client);
    assert_int_equal(client->arch.information, 4);
    assert_ptr_equal(endpoint->receiver, server);
}

static void the_cpu_is_not_handed_past_the_more_urgent(void **state)
{
    (void)state;
    assert_int_equal(receive(), MACHINE_BLOCKED);
    assert_int_equal(machine_call(client, fast_or_general_call, way_in, 0), MACHINE_BLOCKED);
    assert_int_equal(machine_result(server), RECEIVED_CALL);
    assert_true(cpu_current()->reschedule);
    scheduler_choose(cpu_current());
    assert_ptr_equal(thread_current(), other);
    assert_true(server->queued);
}

static bool takes(uint64_t token, uint64_t information)
{
    client->arch.number = CALL_IPC_CALL;
    client->arch.arguments[0] = token;
    client->arch.information = information;
    return host_message(client) != NULL;
}

static void the_fast_path_leaves_what_is_not_plain(void **state)
{
    (void)state;
    leave_alone();
    host_run_thread(client);
    assert_false(takes(way_in, 0)); /* nobody receives */
    assert_int_equal(receive(), MACHINE_BLOCKED);
    host_run_thread(client);
    cpu_current()->reschedule = false;
    assert_false(takes(way_in, message_information(0, 1, 0)));
    assert_false(takes(way_in, message_information(0, 0, 1)));
    assert_false(takes(way_in, UINT64_C(1) << 60));
    assert_false(takes(way_in + 1, 0));
    assert_true(machine_waits(server));
    assert_false(machine_waits(client));
    assert_int_equal(machine_call(client, fast_or_general_call, way_in, 0), MACHINE_BLOCKED);
    assert_true(was_fast);
}

/* What was looked up once is looked up again when it may have changed. */
static void a_handle_that_was_used_before_may_be_gone(void **state)
{
    (void)state;
    leave_alone();
    assert_int_equal(receive(), MACHINE_BLOCKED);
    assert_int_equal(machine_call(client, fast_or_general_call, way_in, 0), MACHINE_BLOCKED);
    assert_int_equal(machine_call(server, fast_or_general_answer, own_endpoint, 0),
                     MACHINE_BLOCKED);
    assert_int_equal(handle_close(&client->process->handles, way_in), STATUS_OK);
    assert_false(takes(way_in, 0));
    assert_int_equal(machine_call(client, call_ipc_call, way_in, 0),
                     status_to_result(STATUS_BAD_HANDLE));
}

static void a_suspended_server_is_given_its_call(void **state)
{
    (void)state;
    assert_int_equal(receive(), MACHINE_BLOCKED);
    const struct thread_suspend_arguments arguments = {.thread = server};
    assert_int_equal(call_thread_suspend(client, &arguments), 0);
    assert_int_equal(machine_call(client, fast_or_general_call, way_in, 0), MACHINE_BLOCKED);
    assert_int_equal(machine_result(server), RECEIVED_CALL);
    assert_false(server->queued);
    const struct thread_resume_arguments resumed = {.thread = server};
    assert_int_equal(call_thread_resume(other, &resumed), 0);
    assert_int_equal(call_thread_resume(other, &resumed), status_to_result(STATUS_BAD_STATE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    host_memory_init(2 * TEST_PAGES);
    const struct CMUnitTest tests[] = {
        TEST(the_fast_path_does_the_same),
        TEST(the_cpu_is_not_handed_past_the_more_urgent),
        TEST(the_fast_path_leaves_what_is_not_plain),
        TEST(a_handle_that_was_used_before_may_be_gone),
        TEST(a_suspended_server_is_given_its_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
