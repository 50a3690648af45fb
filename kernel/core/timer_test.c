/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <arch/host.h>
#include <kernel/log.h>
#include <kernel/scheduler.h>
#include <kernel/time.h>
#include <kernel/timer.h>
#include <list/list.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TIMERS 200

static struct test_timer {
    struct timer timer;
    uint64_t expected; /* DEADLINE_NEVER: must not fire */
    uint32_t fired;
} timers[TIMERS];
static uint64_t last_deadline, ticks;

uint64_t time_to_ticks(uint64_t nanoseconds)
{
    return nanoseconds;
}

void scheduler_tick(void)
{
    ticks++;
}

static void note(struct timer *timer)
{
    struct test_timer *own = container_of(timer, struct test_timer, timer);
    assert_false(timer_is_armed(timer));
    assert_true(own->expected <= host_clock_ns);
    assert_true(own->expected >= last_deadline);
    last_deadline = own->expected;
    own->expected = DEADLINE_NEVER;
    own->fired++;
}

static int setup(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TIMERS; i++) {
        timer_init(&timers[i].timer, note);
        timers[i].expected = DEADLINE_NEVER;
        timers[i].fired = 0;
    }
    last_deadline = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TIMERS; i++)
        timer_disarm(&timers[i].timer);
    timer_set_slice_end(DEADLINE_NEVER);
    timer_run();
    return 0;
}

static void arm(unsigned i, uint64_t deadline)
{
    timers[i].expected = deadline;
    timer_arm(&timers[i].timer, deadline);
}

static void timers_fire_in_order_whatever_is_armed_moved_and_disarmed(void **state)
{
    (void)state;
    srand(1);
    for (unsigned step = 0; step < 20000; step++) {
        unsigned i = (unsigned)rand() % TIMERS;
        if (rand() % 3 == 0) {
            timers[i].expected = DEADLINE_NEVER;
            timer_disarm(&timers[i].timer);
        } else {
            arm(i, host_clock_ns + 1 + (uint64_t)rand() % 1000);
        }
        if (rand() % 20 != 0)
            continue;
        host_clock_ns += (uint64_t)rand() % 200;
        last_deadline = 0;
        timer_run();
        for (i = 0; i < TIMERS; i++) {
            assert_true(timers[i].expected > host_clock_ns);
            assert_int_equal(timer_is_armed(&timers[i].timer),
                             timers[i].expected != DEADLINE_NEVER);
        }
    }
}

static void the_hardware_is_told_of_what_is_due_first(void **state)
{
    (void)state;
    host_timer_counter = 0;
    arm(0, host_clock_ns + 500);
    assert_int_equal(host_timer_counter, 500);
    arm(1, host_clock_ns + 900);
    assert_int_equal(host_timer_counter, 500);
    arm(2, host_clock_ns + 100);
    assert_int_equal(host_timer_counter, 100);
    host_clock_ns += 100;
    timer_run();
    assert_int_equal(timers[2].fired, 1);
    assert_int_equal(host_timer_counter, 400);
    arm(3, host_clock_ns - 50);
    assert_int_equal(host_timer_counter, 1);
}

static void the_end_of_a_slice_is_a_tick_once(void **state)
{
    (void)state;
    ticks = 0;
    timer_set_slice_end(host_clock_ns + 10);
    host_clock_ns += 9;
    timer_run();
    assert_int_equal(ticks, 0);
    host_clock_ns += 1;
    timer_run();
    timer_run();
    assert_int_equal(ticks, 1);
}

static void again(struct timer *timer)
{
    struct test_timer *own = container_of(timer, struct test_timer, timer);
    own->fired++;
    timer_arm(timer, host_clock_ns + 10);
}

static void a_timer_may_arm_itself_again(void **state)
{
    (void)state;
    timer_init(&timers[0].timer, again);
    timer_arm(&timers[0].timer, host_clock_ns + 10);
    for (unsigned i = 1; i <= 5; i++) {
        host_clock_ns += 10;
        timer_run();
        assert_int_equal(timers[0].fired, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_fire_in_order_whatever_is_armed_moved_and_disarmed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_hardware_is_told_of_what_is_due_first, setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_of_a_slice_is_a_tick_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_timer_may_arm_itself_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
