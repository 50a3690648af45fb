/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Accounts whose processor time or messages run out: who stops, who pays, who goes on. */
#include "../object/machine_fake.h"

#include <arch/host.h>
#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/scheduler_queue.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CROWD 150 /* more than one decision puts aside */

static struct account *upper, *poor;

static struct account *make_account(struct account *above)
{
    const struct account_limits limits = ACCOUNT_UNLIMITED;
    struct account *account;
    assert_int_equal(account_create(above, &limits, &account), STATUS_OK);
    return account;
}

static int setup(void **state)
{
    machine_setup(state);
    host_run_thread(NULL);
    cpu_current()->entered_ns = host_clock_ns;
    upper = make_account(machine_account);
    poor = make_account(upper);
    return 0;
}

static int teardown(void **state)
{
    machine_leave();
    machine_settle();
    object_release(&poor->object);
    object_release(&upper->object);
    return machine_teardown(state);
}

static void set_time(struct account *account, uint64_t cpu_ns)
{
    struct account_limits limits = ACCOUNT_UNLIMITED;
    limits.cpu_ns = cpu_ns;
    const struct account_set_limits_arguments arguments = {account, &limits};
    assert_int_equal(call_account_set_limits(NULL, &arguments), 0);
}

static void refill(struct account *account, uint64_t cpu_ns, uint64_t messages)
{
    const struct account_limits amounts = {.cpu_ns = cpu_ns, .messages = messages};
    const struct account_refill_arguments arguments = {account, &amounts};
    assert_int_equal(call_account_refill(NULL, &arguments), 0);
}

static struct process *make_process(struct account *account)
{
    struct process *process;
    assert_int_equal(process_create(account, "poor", 4, 0, &process), STATUS_OK);
    return process;
}

static struct thread *make_thread(struct account *account)
{
    struct process *process = make_process(account);
    struct thread *thread = machine_thread(process, PRIORITY_NORMAL);
    object_release(&process->object);
    return thread;
}

static struct thread *choose(void)
{
    do
        scheduler_choose(cpu_current());
    while (thread_current() == NULL && cpu_current()->reschedule);
    return thread_current();
}

static struct thread *next_turn(void)
{
    machine_pass_time(SLICE_NS);
    scheduler_tick();
    return choose();
}

static uint64_t time_of(struct account *account)
{
    account_settle_time(account);
    return atomic_load(&account->used[ALLOW_CPU_NS]);
}

static void who_has_no_time_left_stops_and_owes_what_it_had_too_much(void **state)
{
    (void)state;
    struct thread *thread = make_thread(poor);
    set_time(poor, SLICE_NS * 3 / 2);
    assert_ptr_equal(choose(), thread);
    assert_ptr_equal(next_turn(), thread);
    assert_null(next_turn());
    assert_true(thread->queued);
    assert_int_equal(time_of(poor), 2 * SLICE_NS);
    refill(poor, SLICE_NS / 2, 0);
    assert_null(choose());
    refill(poor, 1, 0);
    assert_true(cpu_current()->reschedule);
    assert_ptr_equal(choose(), thread);
    assert_null(next_turn());
    thread_end(thread, 0);
    assert_false(thread->queued);
}

static void a_limit_above_stops_all_below(void **state)
{
    (void)state;
    struct account *other = make_account(upper);
    struct thread *left = make_thread(poor), *right = make_thread(other);
    struct thread *free = machine_program(PRIORITY_BATCH);
    set_time(upper, 4 * SLICE_NS);
    choose();
    for (unsigned i = 0; i < 4; i++)
        assert_true(thread_current() == left || thread_current() == right), next_turn();
    assert_ptr_equal(thread_current(), free);
    assert_int_equal(time_of(poor) + time_of(other), 4 * SLICE_NS);
    assert_int_equal(time_of(upper), 4 * SLICE_NS);
    refill(poor, SLICE_NS, 0);
    assert_ptr_equal(next_turn(), free);
    set_time(other, 0);
    refill(upper, 2 * SLICE_NS, 0);
    assert_ptr_equal(choose(), left);
    assert_ptr_equal(next_turn(), left);
    assert_ptr_equal(next_turn(), free);
    thread_end(left, 0);
    thread_end(right, 0);
    thread_end(free, 0);
    machine_leave();
    machine_settle();
    object_release(&other->object);
}

/* Nothing is lost where more are put aside, or taken up again, than one decision does. */
static void a_crowd_stops_and_goes_on(void **state)
{
    (void)state;
    struct process *process = make_process(poor);
    for (unsigned i = 0; i < CROWD; i++)
        machine_thread(process, PRIORITY_NORMAL);
    set_time(poor, 0);
    assert_null(choose());
    assert_int_equal(atomic_load(&cpu_current()->ready), 0);
    refill(poor, CROWD * SLICE_NS, 0);
    choose();
    for (unsigned i = 0; i < CROWD; i++) {
        struct thread *thread = thread_current();
        assert_non_null(thread);
        assert_int_equal(thread->user_ns, 0); /* each has its turn before one has two */
        next_turn();
    }
    assert_null(thread_current());
    process_end(process, END_KILLED, 0);
    object_release(&process->object);
}

static void who_is_put_aside_can_be_moved_stopped_and_made_more_urgent(void **state)
{
    (void)state;
    struct thread *thread = make_thread(poor);
    set_time(poor, 0);
    assert_null(choose());
    const struct thread_set_cpus_arguments cpus = {thread, 1};
    assert_int_equal(call_thread_set_cpus(NULL, &cpus), 0);
    assert_null(choose());
    relaxed_store(&thread->priority, PRIORITY_DRIVER);
    scheduler_update_donation(thread);
    assert_null(choose());
    const struct thread_suspend_arguments suspend = {.thread = thread};
    struct thread *self = machine_program(PRIORITY_BATCH);
    assert_int_equal(call_thread_suspend(self, &suspend), 0);
    refill(poor, SLICE_NS, 0);
    assert_ptr_equal(choose(), self);
    const struct thread_resume_arguments resume = {.thread = thread};
    assert_int_equal(call_thread_resume(self, &resume), 0);
    assert_ptr_equal(choose(), thread);
    thread_end(thread, 0);
    thread_end(self, 0);
}

/* A server goes on at its own account; its client, answered, does not before it has time. */
static void a_server_pays_itself_for_who_has_no_time(void **state)
{
    (void)state;
    handle_t own;
    struct thread *server = machine_program(PRIORITY_NORMAL), *client = make_thread(poor);
    struct endpoint *endpoint = machine_endpoint(server, &own);
    handle_t way_in = machine_session(endpoint, 0, client);
    set_time(poor, SLICE_NS);
    assert_int_equal(machine_call(server, call_ipc_receive, own, 0), MACHINE_BLOCKED);
    assert_int_equal(machine_call(client, call_ipc_call, way_in, 0), MACHINE_BLOCKED);
    cpu_current()->entered_ns = host_clock_ns;
    assert_ptr_equal(thread_current(), server);
    assert_ptr_equal(next_turn(), server);
    assert_int_equal(time_of(poor), SLICE_NS);
    assert_true(thread_needs(client, ATTENTION_UNPAID));
    uint64_t own_time = time_of(machine_account);
    assert_ptr_equal(next_turn(), server);
    assert_int_equal(time_of(poor), SLICE_NS);
    assert_int_equal(time_of(machine_account), own_time + SLICE_NS);
    assert_int_equal(machine_call(server, call_ipc_reply_and_wait, own, 0), MACHINE_BLOCKED);
    assert_ptr_equal(thread_current(), server); /* not handed over */
    assert_false(thread_needs(client, ATTENTION_UNPAID));
    assert_int_equal(machine_result(client), 0);
    assert_null(choose());
    refill(poor, 1, 0);
    assert_ptr_equal(choose(), client);
    thread_end(client, 0);
    thread_end(server, 0);
}

/* With no time at home either the server waits too, until one of the two has some. */
static void a_server_without_time_stops_with_its_client(void **state)
{
    (void)state;
    handle_t own;
    struct account *home = make_account(machine_account);
    struct thread *server = make_thread(home), *client = make_thread(poor);
    struct endpoint *endpoint = machine_endpoint(server, &own);
    handle_t way_in = machine_session(endpoint, 0, client);
    set_time(home, 0);
    assert_int_equal(machine_call(server, call_ipc_receive, own, 0), MACHINE_BLOCKED);
    assert_int_equal(machine_call(client, call_ipc_call, way_in, 0), MACHINE_BLOCKED);
    assert_ptr_equal(next_turn(), server);
    set_time(poor, 0);
    assert_null(next_turn());
    refill(home, SLICE_NS, 0);
    assert_ptr_equal(choose(), server);
    assert_null(next_turn());
    refill(poor, 10 * SLICE_NS, 0);
    assert_ptr_equal(choose(), server);
    thread_end(client, 0);
    thread_end(server, 0);
    machine_leave();
    machine_settle();
    object_release(&home->object);
}

/* Messages. */

static uint64_t pay(void)
{
    uint64_t messages = 0;
    account_pay_messages(poor, &messages);
    return messages;
}

static void the_fewer_messages_are_left_the_fewer_are_paid_ahead(void **state)
{
    (void)state;
    assert_int_equal(pay(), ACCOUNT_BATCH);
    account_uncharge(poor, ALLOW_MESSAGES, ACCOUNT_BATCH);
    atomic_store(&upper->limit[ALLOW_MESSAGES], 64 * 10 + 9);
    assert_int_equal(pay(), 10);
    uint64_t left = 64 * 10 - 1, batch;
    while ((batch = pay()) != 0) {
        assert_true(batch == 1 || batch <= left / 64);
        left -= batch;
    }
    assert_int_equal(left, 0);
    assert_int_equal(atomic_load(&upper->used[ALLOW_MESSAGES]), 64 * 10 + 9);
    refill(upper, 0, 1);
    assert_int_equal(pay(), 1);
    assert_int_equal(pay(), 0);
    account_uncharge(poor, ALLOW_MESSAGES, 64 * 10 + 10);
}

static void what_fails_and_what_was_not_sent_is_not_used(void **state)
{
    (void)state;
    handle_t own;
    struct thread *server = machine_program(PRIORITY_NORMAL), *client = make_thread(poor);
    struct endpoint *endpoint = machine_endpoint(server, &own);
    handle_t way_in = machine_session(endpoint, 0, client);
    assert_int_equal(machine_call(client, call_ipc_call, way_in + 1, 0),
                     status_to_result(STATUS_BAD_HANDLE));
    assert_int_equal(client->messages, ACCOUNT_BATCH);
    assert_int_equal(machine_call(client, call_ipc_call, way_in, 0), MACHINE_BLOCKED);
    assert_int_equal(client->messages, ACCOUNT_BATCH - 1);
    thread_end(client, 0);
    machine_leave();
    assert_int_equal(atomic_load(&poor->used[ALLOW_MESSAGES]), 1);
    struct thread *last = make_thread(poor);
    way_in = machine_session(endpoint, 0, last);
    atomic_store(&upper->limit[ALLOW_MESSAGES], 1);
    assert_int_equal(machine_call(last, call_ipc_call, way_in, 0), status_to_result(STATUS_LIMIT));
    assert_int_equal(machine_call(last, call_ipc_send, way_in, 0), status_to_result(STATUS_LIMIT));
    thread_end(last, 0);
    thread_end(server, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    host_memory_init(4 * TEST_PAGES);
    const struct CMUnitTest tests[] = {
        TEST(who_has_no_time_left_stops_and_owes_what_it_had_too_much),
        TEST(a_limit_above_stops_all_below),
        TEST(a_crowd_stops_and_goes_on),
        TEST(who_is_put_aside_can_be_moved_stopped_and_made_more_urgent),
        TEST(a_server_pays_itself_for_who_has_no_time),
        TEST(a_server_without_time_stops_with_its_client),
        TEST(the_fewer_messages_are_left_the_fewer_are_paid_ahead),
        TEST(what_fails_and_what_was_not_sent_is_not_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
