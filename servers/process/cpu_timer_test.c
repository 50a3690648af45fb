/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cpu_timer.h"
#include "limits.h"
#include "process_fake.h"

#define S UINT64_C(1000000000)

static struct process *child(void)
{
    struct process *process = fake_child(table_init_process(), 0);

    assert_non_null(process);
    for (unsigned number = 1; number < SIGNAL_REALTIME; number++)
        process->signals->disposition[number] = PROCESS_SIGNAL_HANDLER;
    return process;
}

static uint64_t examine(struct process *process, uint64_t user_ns, uint64_t total_ns)
{
    const struct cpu_time used = {user_ns, total_ns};
    return cpu_timer_examine(process, &used);
}

static void test_nothing_is_armed(void **state)
{
    struct process *process = child();

    (void)state;
    assert_false(cpu_timer_is_armed(process));
    assert_true(examine(process, 5 * S, 5 * S) == CPU_TIMER_NEVER);
    assert_int_equal(process->pending.set, 0);
}

static void test_each_has_its_clock(void **state)
{
    struct process *process = child();
    const struct cpu_time used = {1 * S, 2 * S};
    const struct alarm_setting wanted = {3 * S, 0};
    struct alarm_setting old;

    (void)state;
    cpu_timer_set(process, CPU_TIMER_VIRTUAL, &used, &wanted, &old);
    assert_int_equal(old.left_ns, 0);
    cpu_timer_set(process, CPU_TIMER_PROF, &used, &wanted, &old);
    assert_true(cpu_timer_is_armed(process));
    assert_int_equal(examine(process, 3 * S, 4 * S), 1 * S);
    assert_int_equal(examine(process, 3 * S, 5 * S), 1 * S);
    assert_int_equal(process->pending.set, signal_bit(SIGNAL_PROF));
    assert_true(examine(process, 4 * S, 6 * S) == CPU_TIMER_NEVER);
    assert_int_equal(process->pending.set, signal_bit(SIGNAL_PROF) | signal_bit(SIGNAL_VTALRM));
    assert_false(cpu_timer_is_armed(process));
}

static void test_intervals_and_asking(void **state)
{
    struct process *process = child();
    const struct cpu_time none = {0, 0}, some = {0, 12 * S};
    const struct alarm_setting wanted = {5 * S, 2 * S}, off = {0, 7 * S};
    struct alarm_setting old;

    (void)state;
    cpu_timer_set(process, CPU_TIMER_PROF, &none, &wanted, &old);
    assert_int_equal(examine(process, 0, 10 * S), 1 * S);
    cpu_timer_set(process, CPU_TIMER_PROF, &some, NULL, &old);
    assert_int_equal(old.left_ns, 1);
    assert_int_equal(old.interval_ns, 2 * S);
    cpu_timer_set(process, CPU_TIMER_PROF, &some, &off, &old);
    cpu_timer_set(process, CPU_TIMER_PROF, &some, NULL, &old);
    assert_int_equal(old.left_ns, 0);
    assert_int_equal(old.interval_ns, 0);
}

static void test_limit_warns_and_kills(void **state)
{
    struct process *process = child();
    uint64_t *limit = process->info->limits[LIMIT_CPU];

    (void)state;
    limit[0] = 2;
    limit[1] = 4;
    assert_true(cpu_timer_is_armed(process));
    assert_int_equal(examine(process, 0, 1 * S), 1 * S);
    assert_int_equal(process->pending.set, 0);
    assert_int_equal(examine(process, 0, 2 * S), 1 * S);
    assert_int_equal(process->pending.set, signal_bit(SIGNAL_XCPU));
    assert_int_equal(examine(process, 0, 5 * S / 2), S / 2);
    assert_int_equal(examine(process, 0, 3 * S), 1 * S);
    assert_int_equal(process->life, LIFE_RUNNING);
    assert_true(examine(process, 0, 4 * S) == CPU_TIMER_NEVER);
    assert_int_equal(process->life, LIFE_ENDING);
    assert_int_equal(process->status, SIGNAL_KILL);
}

static void test_limit_of_nothing_is_a_second(void **state)
{
    struct process *process = child();

    (void)state;
    process->info->limits[LIMIT_CPU][0] = 0;
    assert_int_equal(examine(process, 0, 0), 1 * S);
    assert_int_equal(examine(process, 0, 1 * S), 1 * S);
    assert_int_equal(process->pending.set, signal_bit(SIGNAL_XCPU));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_armed),
        TEST(test_each_has_its_clock),
        TEST(test_intervals_and_asking),
        TEST(test_limit_warns_and_kills),
        TEST(test_limit_of_nothing_is_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
