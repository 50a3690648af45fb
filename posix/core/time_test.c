/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/time.h>

#include <base/errno.h>
#include <posix/arch/counter.h>
#include <posix/copy.h>
#include <posix/task.h>
#include <posix/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct library library;
static uint64_t counter;
static struct time_page page;

uint64_t arch_counter_read(void)
{
    return counter;
}

uint64_t wait_deadline(uint64_t duration_ns)
{
    return 1000 + duration_ns;
}

int copy_from_program(void *to, uint64_t from, size_t size)
{
    if (from < 4096)
        return -LINUX_EFAULT;
    memcpy(to, (const void *)from, size);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    /* 2 GHz from tick 500 on: half a nanosecond each. */
    page = (struct time_page){.shift = 32, .multiplier = UINT64_C(1) << 31, .base = 500};
    library.time = &page;
    return 0;
}

static void makes_nanoseconds_of_ticks(void **state)
{
    (void)state;
    counter = 500;
    assert_int_equal(time_boot_ns(&page), 0);
    counter = 500 + (UINT64_C(1) << 60);
    assert_int_equal(time_boot_ns(&page), UINT64_C(1) << 59);
    page.realtime_offset_ns = 77;
    assert_int_equal(time_real_ns(&page), (UINT64_C(1) << 59) + 77);
}

static void refuses_times_that_are_none(void **state)
{
    (void)state;
    uint64_t ns;
    assert_false(time_from_timespec(&(struct linux_timespec){-1, 0}, &ns));
    assert_false(time_from_timespec(&(struct linux_timespec){0, -1}, &ns));
    assert_false(time_from_timespec(&(struct linux_timespec){0, 1000000000}, &ns));
    assert_false(time_from_timeval(&(struct linux_timeval){0, 1000000}, &ns));
    assert_true(time_from_timespec(&(struct linux_timespec){2, 5}, &ns));
    assert_int_equal(ns, UINT64_C(2000000005));
    assert_true(time_from_timespec(&(struct linux_timespec){INT64_MAX, 0}, &ns));
    assert_int_equal(ns, UINT64_MAX);
}

static void finds_deadlines(void **state)
{
    (void)state;
    page.realtime_offset_ns = 400;
    assert_int_equal(time_deadline(LINUX_CLOCK_MONOTONIC, false, 5), 1005);
    assert_int_equal(time_deadline(LINUX_CLOCK_MONOTONIC, true, 5), 5);
    assert_int_equal(time_deadline(LINUX_CLOCK_REALTIME, true, 500), 100);
    assert_int_equal(time_deadline(LINUX_CLOCK_REALTIME, true, 5), 0);
    uint64_t deadline;
    const struct linux_timespec time = {0, 7};
    assert_int_equal(time_read_timeout(0, &deadline), 0);
    assert_int_equal(deadline, DEADLINE_NEVER);
    assert_int_equal(time_read_timeout((uint64_t)&time, &deadline), 0);
    assert_int_equal(deadline, 1007);
    assert_int_equal(time_read_timeout(8, &deadline), -LINUX_EFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(makes_nanoseconds_of_ticks, set_up),
        cmocka_unit_test_setup(refuses_times_that_are_none, set_up),
        cmocka_unit_test_setup(finds_deadlines, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
