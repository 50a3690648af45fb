/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Budgets along calls: who serves runs by whose, and when he is home. */
#include "budget_fake.h"

struct service {
    handle_t own, way_in[3];
    struct thread *server, *client[3];
    struct thread *spinner; /* above the server, below nobody with a budget */
    handle_t token[3];
};

/* A server of low priority that waits for calls, and who may call it, each with its budget. */
static struct service serve(unsigned clients)
{
    struct service made = {.server = machine_program(PRIORITY_BATCH)};
    struct endpoint *endpoint = machine_endpoint(made.server, &made.own);
    assert_int_equal(machine_call(made.server, call_ipc_receive, made.own, 0), MACHINE_BLOCKED);
    for (unsigned i = 0; i < clients; i++) {
        made.client[i] = reserved(2 * MS, (10 - 2 * i) * MS, &made.token[i]);
        made.way_in[i] = machine_session(endpoint, 0, made.client[i]);
    }
    made.spinner = machine_program(PRIORITY_SERVER);
    return made;
}

static void end(struct service *service, unsigned clients)
{
    for (unsigned i = 0; i < clients; i++) {
        thread_end(service->client[i], 0);
        if (service->token[i] != HANDLE_NONE)
            give_up(service->token[i]);
    }
    thread_end(service->server, 0);
    thread_end(service->spinner, 0);
    machine_leave();
}

/* It runs, and calls. */
static void call(struct service *service, unsigned client)
{
    assert_ptr_equal(choose(), service->client[client]);
    assert_int_equal(
        machine_call(service->client[client], call_ipc_call, service->way_in[client], 0),
        MACHINE_BLOCKED);
}

static void a_server_runs_by_its_callers_budget_until_that_is_used_up(void **state)
{
    (void)state;
    struct service service = serve(1);
    call(&service, 0);
    assert_ptr_equal(choose(), service.server);
    assert_ptr_equal(after(MS), service.server);
    assert_int_equal(told(service.token[0]).left_ns, MS);
    assert_ptr_equal(after(MS), service.spinner);
    assert_int_equal(told(service.token[0]).used_up, 1);
    assert_null(service.server->runs_by);
    assert_ptr_equal(after(8 * MS), service.server);
    assert_int_equal(machine_call(service.server, call_ipc_reply_and_wait, service.own, 0),
                     MACHINE_BLOCKED);
    assert_ptr_equal(choose(), service.client[0]);
    assert_null(service.server->runs_by);
    assert_ptr_equal(after(2 * MS), service.spinner);
    end(&service, 1);
}

/* A chain: the last server runs by the first caller's, and so on while it is there. */
static void a_budget_goes_along_a_chain_of_calls(void **state)
{
    (void)state;
    handle_t own;
    struct service service = serve(1);
    struct thread *last = machine_program(PRIORITY_IDLE);
    struct endpoint *endpoint = machine_endpoint(last, &own);
    handle_t onward = machine_session(endpoint, 0, service.server);
    assert_int_equal(machine_call(last, call_ipc_receive, own, 0), MACHINE_BLOCKED);
    call(&service, 0);
    assert_ptr_equal(choose(), service.server);
    assert_int_equal(machine_call(service.server, call_ipc_call, onward, 0), MACHINE_BLOCKED);
    assert_ptr_equal(choose(), last);
    assert_ptr_equal(after(2 * MS), service.spinner);
    assert_ptr_equal(after(8 * MS), last);
    assert_int_equal(set(service.client[0], NULL), 0);
    assert_ptr_equal(choose(), service.spinner);
    thread_end(last, 0);
    end(&service, 1);
}

static void who_is_withdrawn_closed_or_dead_lends_no_more(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 3; way++) {
        struct service service = serve(1);
        call(&service, 0);
        assert_ptr_equal(choose(), service.server);
        if (way == 0)
            assert_int_equal(set(service.client[0], NULL), 0);
        if (way == 1)
            give_up(service.token[0]), service.token[0] = HANDLE_NONE;
        if (way == 2)
            thread_end(service.client[0], 0);
        assert_ptr_equal(choose(), service.spinner);
        assert_null(cpu_current()->budget);
        assert_null(service.server->runs_by);
        end(&service, 1);
    }
}

static void what_is_taken_as_a_reply_object_is_served_at_home(void **state)
{
    (void)state;
    struct service service = serve(1);
    call(&service, 0);
    assert_ptr_equal(choose(), service.server);
    assert_true(call_reply_take(service.server) > 0);
    assert_ptr_equal(choose(), service.spinner);
    end(&service, 1);
}

static void a_call_whose_deadline_passes_lends_no_more(void **state)
{
    (void)state;
    struct service service = serve(1);
    assert_ptr_equal(choose(), service.client[0]);
    service.client[0]->frame->deadline = host_clock_ns + MS;
    assert_int_equal(machine_call(service.client[0], call_ipc_call_until, service.way_in[0], 0),
                     MACHINE_BLOCKED);
    assert_ptr_equal(choose(), service.server);
    assert_ptr_equal(after(MS), service.client[0]);
    assert_int_equal(machine_result(service.client[0]), status_to_result(STATUS_TIMED_OUT));
    assert_ptr_equal(after(MS), service.spinner);
    end(&service, 1);
}

/* The server of one is lent what those have who wait, the one whose deadline is first; it is
 * taken back when they give up. */
static void who_is_queued_lends_too(void **state)
{
    (void)state;
    struct service service = serve(3);
    for (unsigned i = 1; i < 3; i++) {
        scheduler_block(service.client[i]);
        scheduler_queue_remove(service.client[i]);
    }
    call(&service, 0);
    assert_ptr_equal(choose(), service.server);
    assert_ptr_equal(service.server->runs_by, budget_at(service.token[0]));
    scheduler_wake(service.client[1]);
    service.client[1]->frame->deadline = host_clock_ns + MS;
    assert_ptr_equal(choose(), service.client[1]);
    assert_int_equal(machine_call(service.client[1], call_ipc_call_until, service.way_in[1], 0),
                     MACHINE_BLOCKED);
    assert_ptr_equal(choose(), service.server);
    assert_ptr_equal(service.server->runs_by, budget_at(service.token[1]));
    scheduler_wake(service.client[2]);
    call(&service, 2);
    assert_ptr_equal(choose(), service.server);
    assert_ptr_equal(service.server->runs_by, budget_at(service.token[2]));
    assert_ptr_equal(list_first(&service.server->serves->callers), &service.client[2]->wait.link);
    assert_ptr_equal(after(MS), service.server);
    assert_int_equal(machine_result(service.client[1]), status_to_result(STATUS_TIMED_OUT));
    assert_ptr_equal(after(MS), service.client[1]);
    assert_int_equal(told(service.token[2]).used_up, 1);
    assert_ptr_equal(after(2 * MS), service.server);
    assert_ptr_equal(service.server->runs_by, budget_at(service.token[0]));
    assert_ptr_equal(after(MS), service.server);
    assert_ptr_equal(after(MS), service.server);
    assert_ptr_equal(service.server->runs_by, budget_at(service.token[2]));
    end(&service, 3);
}

/* A server with a budget of its own runs by the earlier one, and waits when both are used up. */
static void a_servers_own_budget_is_its_home(void **state)
{
    (void)state;
    struct service service = serve(1);
    handle_t own = make(3 * MS, 30 * MS);
    assert_int_equal(set(service.server, budget_at(own)), 0);
    call(&service, 0);
    assert_ptr_equal(choose(), service.server);
    assert_ptr_equal(service.server->runs_by, budget_at(service.token[0]));
    assert_ptr_equal(after(2 * MS), service.server);
    assert_ptr_equal(service.server->runs_by, budget_at(own));
    assert_ptr_equal(after(3 * MS), service.spinner);
    assert_true(thread_needs(service.server, ATTENTION_THROTTLED));
    assert_ptr_equal(after(5 * MS), service.server);
    assert_ptr_equal(service.server->runs_by, budget_at(service.token[0]));
    end(&service, 1);
    give_up(own);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    host_memory_init(4 * TEST_PAGES);
    const struct CMUnitTest tests[] = {
        TEST(a_server_runs_by_its_callers_budget_until_that_is_used_up),
        TEST(a_budget_goes_along_a_chain_of_calls),
        TEST(who_is_withdrawn_closed_or_dead_lends_no_more),
        TEST(what_is_taken_as_a_reply_object_is_served_at_home),
        TEST(a_call_whose_deadline_passes_lends_no_more),
        TEST(who_is_queued_lends_too),
        TEST(a_servers_own_budget_is_its_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
