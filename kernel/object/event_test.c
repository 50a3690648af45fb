/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "waits_fake.h"

#include <kernel/call_arguments.h>
#include <kernel/event.h>
#include <kernel/timer.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct thread *self;
static int64_t token;
static struct event *event;

static int setup(void **state)
{
    fake_setup(state);
    self = fake_thread_create();
    return 0;
}

static int teardown(void **state)
{
    fake_thread_free(self);
    return fake_teardown(state);
}

static int64_t create(uint32_t flags, uint64_t count)
{
    const struct event_create_arguments arguments = {
        .account = fake_account, .flags = flags, .count = count};
    token = call_event_create(self, &arguments);
    if (token > 0)
        event = container_of(fake_object(token), struct event, object);
    return token;
}

static int64_t add(uint64_t count)
{
    return call_event_add(self, &(struct event_add_arguments){.event = event, .count = count});
}

static int64_t take(uint32_t flags, uint64_t *count)
{
    return call_event_take(
        self, &(struct event_take_arguments){.event = event, .flags = flags, .count = count});
}

static void set_timer(uint64_t after, uint64_t period)
{
    const struct event_set_timer_arguments arguments = {
        .event = event,
        .deadline = after == DEADLINE_NEVER ? after : host_clock_ns + after,
        .period = period,
    };
    assert_int_equal(call_event_set_timer(self, &arguments), 0);
}

static void pass(uint64_t nanoseconds)
{
    host_clock_ns += nanoseconds;
    timer_run();
}

static int64_t signal_bits(uint32_t clear, uint32_t set)
{
    return call_event_signal(
        self, &(struct event_signal_arguments){.event = event, .clear = clear, .set = set});
}

static void bits_are_cleared_then_raised(void **state)
{
    (void)state;
    assert_true(create(0, 0) > 0);
    assert_int_equal(signal_bits(0, 0x300), 0);
    assert_int_equal(signal_bits(0x100, 0x400), 0);
    assert_int_equal(event->object.signals, 0x600);
    assert_int_equal(signal_bits(0, SIGNAL_READABLE), status_to_result(STATUS_INVALID));
    assert_int_equal(signal_bits(SIGNAL_COUNT, 0), status_to_result(STATUS_INVALID));
    assert_int_equal(add(1), status_to_result(STATUS_BAD_STATE));
}

static void a_counter_has_the_signals_of_its_count(void **state)
{
    uint64_t count;
    (void)state;
    assert_true(create(EVENT_COUNTER, 3) > 0);
    assert_int_equal(event->object.signals, SIGNAL_COUNT | SIGNAL_WRITABLE);
    assert_int_equal(take(TAKE_ONE, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(take(0, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(event->object.signals, SIGNAL_WRITABLE);
    assert_int_equal(take(0, &count), status_to_result(STATUS_WOULD_BLOCK));
    assert_int_equal(add(0), 0);
    assert_int_equal(event->object.signals, SIGNAL_WRITABLE);
    assert_int_equal(add(EVENT_COUNT_MAX), 0);
    assert_int_equal(event->object.signals, SIGNAL_COUNT);
    assert_int_equal(add(1), status_to_result(STATUS_WOULD_BLOCK));
    assert_int_equal(add(UINT64_MAX), status_to_result(STATUS_WOULD_BLOCK));
}

static void impossible_counts_are_refused(void **state)
{
    (void)state;
    assert_int_equal(create(EVENT_COUNTER, UINT64_MAX), status_to_result(STATUS_INVALID));
    assert_int_equal(create(0, 1), status_to_result(STATUS_INVALID));
}

static void a_timer_raises_its_bit_at_each_period(void **state)
{
    (void)state;
    create(0, 0);
    set_timer(1000000, 2000000);
    pass(999999);
    assert_int_equal(event->object.signals, 0);
    pass(1);
    assert_int_equal(event->object.signals, SIGNAL_TIMER);
    assert_int_equal(signal_bits(SIGNAL_TIMER, 0), 0);
    pass(1999999);
    assert_int_equal(event->object.signals, 0);
    pass(1);
    assert_int_equal(event->object.signals, SIGNAL_TIMER);
    set_timer(DEADLINE_NEVER, 0);
    assert_int_equal(event->object.signals, 0);
    pass(10000000);
    assert_int_equal(event->object.signals, 0);
}

static void missed_periods_are_counted(void **state)
{
    uint64_t count;
    (void)state;
    create(EVENT_COUNTER, 0);
    set_timer(1000000, 1000000);
    pass(3500000);
    assert_int_equal(take(0, &count), 0);
    assert_int_equal(count, 3);
    pass(500000);
    assert_int_equal(take(0, &count), 0);
    assert_int_equal(count, 1);
}

static void a_tiny_period_counts_without_flooding(void **state)
{
    uint64_t count, fired = 0;
    (void)state;
    create(EVENT_COUNTER, 0);
    set_timer(1, 1);
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t before = event->count;
        pass(1000);
        fired += event->count != before;
    }
    assert_in_range(fired, 5, 1000000 / EVENT_PERIOD_MIN_NS + 1);
    pass(EVENT_PERIOD_MIN_NS);
    assert_int_equal(take(0, &count), 0);
    assert_in_range(count, 1000000, 1000000 + EVENT_PERIOD_MIN_NS);
}

static void the_last_period_before_the_end_of_time_is_the_last(void **state)
{
    uint64_t count;
    (void)state;
    create(EVENT_COUNTER, 0);
    set_timer(1000, UINT64_MAX - 1);
    pass(1000);
    assert_int_equal(take(0, &count), 0);
    assert_int_equal(count, 1);
    assert_false(timer_is_armed(&event->timer));
}

static void closing_disarms(void **state)
{
    (void)state;
    create(0, 0);
    set_timer(1000, 1000);
    fake_close(token);
    assert_false(timer_is_armed(&event->timer));
    set_timer(1000, 1000); /* by who found it before */
    assert_false(timer_is_armed(&event->timer));
    rcu_quiescent();
    pass(5000);
}

static void creation_survives_want_of_memory_and_handles(void **state)
{
    (void)state;
    page_fail_after(1);
    assert_int_equal(create(0, 0), status_to_result(STATUS_NO_MEMORY));
    page_fail_after(0);
    fake_handles_left = 0;
    assert_int_equal(create(0, 0), status_to_result(STATUS_LIMIT));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bits_are_cleared_then_raised),
        TEST(a_counter_has_the_signals_of_its_count),
        TEST(impossible_counts_are_refused),
        TEST(a_timer_raises_its_bit_at_each_period),
        TEST(missed_periods_are_counted),
        TEST(a_tiny_period_counts_without_flooding),
        TEST(the_last_period_before_the_end_of_time_is_the_last),
        TEST(closing_disarms),
        TEST(creation_survives_want_of_memory_and_handles),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
