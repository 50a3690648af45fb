/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Observing, ports and wait_many, on events. */
#include "waits_fake.h"

#include <kernel/call_arguments.h>
#include <kernel/event.h>
#include <kernel/port.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define EVENTS 8

static struct thread *self;
static int64_t port_token, event_tokens[EVENTS];
static struct port *port;
static struct object *events[EVENTS];
static struct observation results[PORT_WAIT_MAX];
static struct wait_item items[WAIT_MANY_MAX + 1];

static int setup(void **state)
{
    fake_setup(state);
    self = fake_thread_create();
    port_token = call_port_create(self, &(struct port_create_arguments){.account = fake_account});
    port = container_of(fake_object(port_token), struct port, object);
    for (unsigned i = 0; i < EVENTS; i++) {
        event_tokens[i] =
            call_event_create(self, &(struct event_create_arguments){.account = fake_account});
        events[i] = fake_object(event_tokens[i]);
        items[i] = (struct wait_item){.handle = (handle_t)event_tokens[i], .mask = 0xf00};
    }
    return 0;
}

static int teardown(void **state)
{
    thread_cancel_wait(self, STATUS_DEAD);
    fake_thread_free(self);
    return fake_teardown(state);
}

static int64_t observe(unsigned event, uint64_t key, uint32_t flags)
{
    const struct observe_arguments arguments = {
        .queue = &port->object,
        .object = events[event],
        .mask = 0xf00,
        .key = key,
        .flags = flags,
    };
    return call_observe(self, &arguments);
}

static int64_t unobserve(uint64_t key)
{
    return call_unobserve(self, &(struct unobserve_arguments){.queue = &port->object, .key = key});
}

static int64_t port_wait(uint64_t count, uint64_t deadline)
{
    const struct port_wait_arguments arguments = {
        .port = port,
        .observations = (uint64_t)results,
        .count = count,
        .deadline = deadline,
    };
    return call_port_wait(self, &arguments);
}

static int64_t wait_many(uint64_t count, uint64_t deadline)
{
    const struct wait_many_arguments arguments = {
        .items = (uint64_t)items, .count = count, .deadline = deadline};
    return call_wait_many(self, &arguments);
}

static void expect_blocked(int64_t result)
{
    assert_int_equal(result, status_to_result(STATUS_BLOCKED));
    assert_true(fake_thread_waits(self));
    self->arch.rewinds = 0;
}

static void expect_restarted(void)
{
    assert_false(fake_thread_waits(self));
    assert_int_equal(self->arch.rewinds, 1);
}

static void expect_nothing(void)
{
    assert_int_equal(port_wait(1, DEADLINE_NOW), status_to_result(STATUS_TIMED_OUT));
}

static void a_level_is_told_while_it_stands(void **state)
{
    (void)state;
    assert_int_equal(observe(0, 7, 0), 0);
    expect_nothing();
    object_signal(events[0], 0, 0x1100);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(port_wait(PORT_WAIT_MAX, DEADLINE_NOW), 1);
        assert_int_equal(results[0].key, 7);
        assert_int_equal(results[0].signals, 0x100);
    }
    object_signal(events[0], 0x100, 0);
    expect_nothing();
    object_signal(events[0], 0, 0x200);
    assert_int_equal(port_wait(1, DEADLINE_NOW), 1);
    assert_int_equal(results[0].signals, 0x200);
}

static void an_edge_is_told_once_for_each_raise(void **state)
{
    (void)state;
    object_signal(events[0], 0, 0x100);
    assert_int_equal(observe(0, 7, OBSERVE_EDGE), 0);
    assert_int_equal(port_wait(1, DEADLINE_NOW), 1);
    expect_nothing();
    object_signal(events[0], 0, 0x100);
    object_signal(events[0], 0x100, 0x200);
    assert_int_equal(port_wait(4, DEADLINE_NOW), 1);
    assert_int_equal(results[0].signals, 0x300);
    expect_nothing();
}

static void once_is_removed_when_told(void **state)
{
    (void)state;
    assert_int_equal(observe(0, 7, OBSERVE_ONCE), 0);
    object_signal(events[0], 0, 0x100);
    object_signal(events[0], 0x100, 0);
    expect_nothing();
    object_signal(events[0], 0, 0x100);
    assert_int_equal(port_wait(1, DEADLINE_NOW), 1);
    expect_nothing();
    object_signal(events[0], 0, 0x200);
    expect_nothing();
    assert_int_equal(unobserve(7), status_to_result(STATUS_NOT_FOUND));
    assert_int_equal(observe(0, 7, OBSERVE_ONCE), 0);
    assert_int_equal(port_wait(1, DEADLINE_NOW), 1);
}

static void the_same_key_replaces_also_what_has_fired(void **state)
{
    (void)state;
    object_signal(events[0], 0, 0x100);
    assert_int_equal(observe(0, 7, 0), 0);
    assert_int_equal(observe(1, 7, 0), 0);
    expect_nothing();
    object_signal(events[1], 0, 0x400);
    assert_int_equal(port_wait(2, DEADLINE_NOW), 1);
    assert_int_equal(results[0].signals, 0x400);
    assert_int_equal(unobserve(7), 0);
    expect_nothing();
    rcu_quiescent();
    object_signal(events[0], 0, 0xf00);
    object_signal(events[1], 0, 0xf00);
    expect_nothing();
}

static void a_batch_has_nobody_twice_and_turns_go_round(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENTS; i++) {
        observe(i, i, 0);
        object_signal(events[i], 0, 0x100);
    }
    assert_int_equal(port_wait(PORT_WAIT_MAX, DEADLINE_NOW), EVENTS);
    for (unsigned i = 0; i < 2 * EVENTS; i++) {
        assert_int_equal(port_wait(1, DEADLINE_NOW), 1);
        assert_int_equal(results[0].key, i % EVENTS);
    }
}

static void a_waiter_at_a_port_looks_again_when_something_fires(void **state)
{
    (void)state;
    observe(3, 3, 0);
    expect_blocked(port_wait(4, DEADLINE_NEVER));
    object_signal(events[3], 0, 0x1000);
    assert_true(fake_thread_waits(self));
    object_signal(events[3], 0, 0x100);
    expect_restarted();
    assert_int_equal(port_wait(4, DEADLINE_NEVER), 1);
    object_signal(events[3], 0x100, 0);
    expect_blocked(port_wait(4, DEADLINE_NEVER));
    assert_true(thread_cancel_wait(self, STATUS_INTERRUPTED));
    assert_int_equal(self->arch.result, status_to_result(STATUS_INTERRUPTED));
    expect_blocked(port_wait(4, DEADLINE_NEVER));
    fake_close(port_token);
    expect_restarted();
}

static void bad_arguments_of_ports_are_refused(void **state)
{
    (void)state;
    assert_int_equal(port_wait(0, DEADLINE_NOW), status_to_result(STATUS_INVALID));
    struct observe_arguments arguments = {
        .queue = &port->object, .object = &port->object, .mask = 1};
    assert_int_equal(call_observe(self, &arguments), status_to_result(STATUS_UNSUPPORTED));
    arguments = (struct observe_arguments){.queue = &port->object, .object = events[0]};
    assert_int_equal(call_observe(self, &arguments), status_to_result(STATUS_INVALID));
    observe(0, 0, OBSERVE_EDGE);
    object_signal(events[0], 0, 0x100);
    fake_bad_address = (uint64_t)&results[1];
    assert_int_equal(port_wait(2, DEADLINE_NOW), status_to_result(STATUS_BAD_ADDRESS));
    assert_int_equal(port_wait(1, DEADLINE_NOW), 1);
}

static void closing_a_port_lets_its_objects_go(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENTS; i++)
        observe(i, i, 0);
    object_signal(events[0], 0, 0x100);
    fake_close(port_token);
    object_signal(events[1], 0, 0x100);
    rcu_quiescent();
    for (unsigned i = 0; i < EVENTS; i++)
        assert_int_equal(events[i]->references, 1);
}

static uint32_t count_observations(void)
{
    uint32_t count = 0;
    list_for_each (&port->queue.all, node)
        count++;
    return count;
}

/* Between two steps what is left may still fire, at nobody. */
static void a_port_with_much_to_observe_goes_in_steps(void **state)
{
    uint32_t references = events[0]->references;
    for (uint64_t key = 0; key < 200; key++)
        assert_int_equal(observe(0, key, 0), 0);
    assert_int_equal(events[0]->references, references + 200);
    fake_close(port_token);
    assert_in_range(count_observations(), 100, 199);
    object_signal(events[0], 0, 0x100);
    rcu_quiescent();
    assert_int_equal(events[0]->references, references);
}

static void an_observed_object_outlives_its_handles(void **state)
{
    (void)state;
    observe(0, 9, 0);
    fake_close(event_tokens[0]);
    rcu_quiescent();
    object_signal(events[0], 0, 0x100);
    assert_int_equal(port_wait(1, DEADLINE_NOW), 1);
    assert_int_equal(unobserve(9), 0);
    rcu_quiescent();
}

static void wait_many_tells_what_stands(void **state)
{
    (void)state;
    assert_int_equal(wait_many(EVENTS, DEADLINE_NOW), status_to_result(STATUS_TIMED_OUT));
    object_signal(events[2], 0, 0x1300);
    object_signal(events[5], 0, 0x800);
    assert_int_equal(wait_many(EVENTS, DEADLINE_NEVER), 2);
    for (unsigned i = 0; i < EVENTS; i++)
        assert_int_equal(items[i].fired, i == 2 ? 0x300 : i == 5 ? 0x800 : 0);
}

static void wait_many_ends_at_the_first_raise(void **state)
{
    (void)state;
    expect_blocked(wait_many(EVENTS, DEADLINE_NEVER));
    object_signal(events[6], 0, 0x1000);
    assert_true(fake_thread_waits(self));
    object_signal(events[6], 0, 0x200);
    expect_restarted();
    object_signal(events[1], 0, 0x200);
    assert_int_equal(self->arch.rewinds, 1);
    assert_int_equal(wait_many(EVENTS, DEADLINE_NEVER), 2);
    rcu_quiescent();
    assert_true(list_is_empty(&events[0]->observers));
}

/* What a raise has ended must not touch the waits that come after it. */
static void an_old_wait_does_not_end_a_new_one(void **state)
{
    (void)state;
    expect_blocked(wait_many(2, DEADLINE_NEVER));
    object_signal(events[0], 0, 0x100);
    expect_restarted();
    object_signal(events[0], 0x100, 0);
    items[0].handle = (handle_t)event_tokens[3];
    items[1].handle = (handle_t)event_tokens[4];
    expect_blocked(wait_many(2, DEADLINE_NEVER));
    object_signal(events[1], 0, 0x100);
    assert_true(fake_thread_waits(self));
    object_signal(events[4], 0, 0x100);
    expect_restarted();
}

/* What another CPU raises after the levels were looked at, while objects are still added. */
static void a_raise_while_objects_are_added_is_seen(void **state)
{
    (void)state;
    struct observation_request targets[2] = {{.object = events[0], .mask = 0xf00},
                                             {.object = events[1], .mask = 0xf00}};
    object_signal(events[0], 0, 0x100);
    self->arch.rewinds = 0;
    assert_int_equal(signal_wait(self, targets, 2, DEADLINE_NEVER), STATUS_BLOCKED);
    expect_restarted();
    rcu_quiescent();
    assert_true(list_is_empty(&events[1]->observers));
}

static void a_cancelled_wait_leaves_nothing(void **state)
{
    (void)state;
    expect_blocked(wait_many(EVENTS, DEADLINE_NEVER));
    assert_true(thread_cancel_wait(self, STATUS_TIMED_OUT));
    assert_int_equal(self->arch.result, status_to_result(STATUS_TIMED_OUT));
    rcu_quiescent();
    for (unsigned i = 0; i < EVENTS; i++) {
        assert_true(list_is_empty(&events[i]->observers));
        assert_int_equal(events[i]->references, 1);
    }
    self->attention = ATTENTION_MARKED;
    assert_int_equal(wait_many(EVENTS, DEADLINE_NEVER), status_to_result(STATUS_INTERRUPTED));
    rcu_quiescent();
    assert_true(list_is_empty(&events[0]->observers));
}

static int64_t wait_one(unsigned event, uint32_t mask, uint64_t deadline)
{
    const struct wait_one_arguments arguments = {
        .object = events[event], .mask = mask, .deadline = deadline};
    return call_wait_one(self, &arguments);
}

static void waiting_for_one_gives_its_signals(void **state)
{
    (void)state;
    assert_int_equal(wait_one(0, 0x300, DEADLINE_NOW), status_to_result(STATUS_TIMED_OUT));
    expect_blocked(wait_one(0, 0x300, DEADLINE_NEVER));
    object_signal(events[0], 0, 0x400);
    assert_true(fake_thread_waits(self));
    object_signal(events[0], 0, 0x100);
    assert_false(fake_thread_waits(self));
    assert_int_equal(self->arch.result, 0x100);
    assert_int_equal(wait_one(0, 0x700, DEADLINE_NEVER), 0x500);
    assert_int_equal(events[0]->references, 1);
}

static void a_cancelled_wait_for_one_leaves_nothing(void **state)
{
    (void)state;
    expect_blocked(wait_one(0, 0x100, DEADLINE_NEVER));
    assert_int_equal(events[0]->references, 2);
    assert_true(thread_cancel_wait(self, STATUS_TIMED_OUT));
    assert_true(list_is_empty(&events[0]->waiters));
    assert_int_equal(events[0]->references, 1);
    object_signal(events[0], 0, 0x100);
    assert_int_equal(self->arch.result, status_to_result(STATUS_TIMED_OUT));
    self->attention = ATTENTION_MARKED;
    assert_int_equal(wait_one(1, 0x100, DEADLINE_NEVER), status_to_result(STATUS_INTERRUPTED));
    assert_true(list_is_empty(&events[1]->waiters));
    assert_int_equal(events[1]->references, 1);
}

static void waiting_for_nothing_is_sleeping(void **state)
{
    (void)state;
    expect_blocked(wait_many(0, DEADLINE_NEVER));
    assert_true(thread_cancel_wait(self, STATUS_TIMED_OUT));
    assert_int_equal(wait_many(0, DEADLINE_NOW), status_to_result(STATUS_TIMED_OUT));
}

static void bad_items_are_refused(void **state)
{
    (void)state;
    assert_int_equal(wait_many(WAIT_MANY_MAX + 1, DEADLINE_NOW),
                     status_to_result(STATUS_OUT_OF_RANGE));
    items[1].handle = 12345;
    assert_int_equal(wait_many(2, DEADLINE_NEVER), status_to_result(STATUS_BAD_HANDLE));
    object_signal(events[0], 0, 0x100);
    fake_bad_address = (uint64_t)&items[0];
    assert_int_equal(wait_many(1, DEADLINE_NOW), status_to_result(STATUS_BAD_ADDRESS));
}

static void want_of_memory_leaks_nothing(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 4; n++) {
        page_fail_after(n);
        int64_t result = observe(0, n, 0);
        assert_true(result == 0 || result == status_to_result(STATUS_NO_MEMORY));
        result = wait_many(EVENTS, DEADLINE_NEVER);
        assert_true(result == status_to_result(STATUS_BLOCKED) ||
                    result == status_to_result(STATUS_NO_MEMORY));
        thread_cancel_wait(self, STATUS_TIMED_OUT);
    }
    page_fail_after(0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_level_is_told_while_it_stands),
        TEST(an_edge_is_told_once_for_each_raise),
        TEST(once_is_removed_when_told),
        TEST(the_same_key_replaces_also_what_has_fired),
        TEST(a_batch_has_nobody_twice_and_turns_go_round),
        TEST(a_waiter_at_a_port_looks_again_when_something_fires),
        TEST(bad_arguments_of_ports_are_refused),
        TEST(closing_a_port_lets_its_objects_go),
        TEST(a_port_with_much_to_observe_goes_in_steps),
        TEST(an_observed_object_outlives_its_handles),
        TEST(wait_many_tells_what_stands),
        TEST(wait_many_ends_at_the_first_raise),
        TEST(an_old_wait_does_not_end_a_new_one),
        TEST(a_raise_while_objects_are_added_is_seen),
        TEST(a_cancelled_wait_leaves_nothing),
        TEST(waiting_for_one_gives_its_signals),
        TEST(a_cancelled_wait_for_one_leaves_nothing),
        TEST(waiting_for_nothing_is_sleeping),
        TEST(bad_items_are_refused),
        TEST(want_of_memory_leaks_nothing),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
