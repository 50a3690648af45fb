/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Budgets: who gets one, when it is used up and renewed. */
#include "budget_fake.h"

#include <kernel/page.h>

/* The running thread waits for nothing in particular. */
static void sleep_now(void)
{
    scheduler_block(thread_current());
    choose();
}

/* Admission. */

static void a_cpu_is_given_out_up_to_nine_tenths_rounded_up(void **state)
{
    (void)state;
    handle_t thirds[2];
    for (unsigned i = 0; i < 2; i++)
        thirds[i] = make(10 * MS, 30 * MS);
    assert_int_equal(create(233333, MS, 1), status_to_result(STATUS_LIMIT));
    handle_t rest = make(233332, MS);
    assert_int_equal(create(BUDGET_RUNTIME_MIN, BUDGET_PERIOD_MAX, 1),
                     status_to_result(STATUS_LIMIT));
    give_up(thirds[0]);
    thirds[0] = make(10 * MS, 30 * MS);
    give_up(thirds[0]);
    give_up(thirds[1]);
    give_up(rest);
    give_up(make(9 * MS, 10 * MS));
}

static void what_cannot_be_promised_is_refused(void **state)
{
    (void)state;
    const int64_t invalid = status_to_result(STATUS_INVALID);
    assert_int_equal(create(0, MS, 1), invalid);
    assert_int_equal(create(BUDGET_RUNTIME_MIN - 1, MS, 1), invalid);
    assert_int_equal(create(2 * MS, MS, 1), invalid);
    assert_int_equal(create(MS, BUDGET_PERIOD_MAX + 1, 1), invalid);
    assert_int_equal(create(UINT64_MAX, UINT64_MAX, 1), invalid);
    assert_int_equal(create(MS, 2 * MS, 0), invalid);
    assert_int_equal(create(MS, 2 * MS, 2), invalid);
    assert_int_equal(create(MS, MS, 1), status_to_result(STATUS_LIMIT));
    give_up((handle_t)create(MS, 2 * MS, UINT64_MAX));
}

/* Where memory or a place for the handle lacks nothing stays reserved. */
static void a_failed_creation_leaves_nothing(void **state)
{
    (void)state;
    for (int fail = 1;; fail++) {
        page_fail_after(fail);
        int64_t token = create(9 * MS, 10 * MS, 1);
        page_fail_after(0);
        if (token > 0) {
            give_up((handle_t)token);
            break;
        }
        assert_int_equal(token, status_to_result(STATUS_NO_MEMORY));
    }
    uint64_t handles = atomic_load(&machine_account->limit[ALLOW_HANDLES]);
    atomic_store(&machine_account->limit[ALLOW_HANDLES], 0);
    int64_t refused;
    handle_t made[4096];
    unsigned count = 0;
    while ((refused = create(BUDGET_RUNTIME_MIN, BUDGET_PERIOD_MAX, 1)) > 0)
        made[count++] = (handle_t)refused;
    assert_int_equal(create(8 * MS, 10 * MS, 1), refused);
    atomic_store(&machine_account->limit[ALLOW_HANDLES], handles);
    give_up(make(8 * MS, 10 * MS));
    while (count > 0)
        give_up(made[--count]);
}

static void a_budget_is_one_threads(void **state)
{
    (void)state;
    handle_t token;
    struct thread *thread = reserved(MS, 10 * MS, &token),
                  *other = machine_program(PRIORITY_NORMAL);
    handle_t second = make(MS, 10 * MS);
    assert_int_equal(set(other, budget_at(token)), status_to_result(STATUS_BUSY));
    assert_int_equal(set(thread, budget_at(token)), 0);
    assert_int_equal(set(thread, budget_at(second)), 0);
    assert_int_equal(set(other, budget_at(token)), 0);
    assert_int_equal(set(other, NULL), 0);
    atomic_store(&other->cpus, 2);
    assert_int_equal(set(other, budget_at(token)), status_to_result(STATUS_INVALID));
    thread_end(thread, 0);
    assert_int_equal(set(thread, budget_at(second)), status_to_result(STATUS_DEAD));
    atomic_store(&other->cpus, 1);
    assert_int_equal(set(other, budget_at(second)), 0);
    thread_end(other, 0);
    give_up(token);
    give_up(second);
}

/* Periods. */

static void who_has_used_it_up_waits_for_the_next_period(void **state)
{
    (void)state;
    handle_t token;
    struct thread *urgent = machine_program(PRIORITY_DRIVER);
    struct thread *thread = reserved(2 * MS, 10 * MS, &token);
    uint64_t begin = host_clock_ns;
    for (unsigned period = 0; period < 5; period++) {
        assert_ptr_equal(choose(), thread);
        assert_int_equal(told(token).left_ns, 2 * MS);
        assert_int_equal(told(token).deadline, begin + (period + 1) * 10 * MS);
        assert_ptr_equal(after(MS), thread);
        assert_ptr_equal(after(MS), urgent);
        assert_int_equal(told(token).left_ns, 0);
        assert_ptr_equal(after(8 * MS - 1), urgent);
        machine_pass_time(1);
    }
    assert_int_equal(told(token).used_up, 5);
    assert_int_equal(told(token).missed, 0);
    assert_int_equal(thread->user_ns, 10 * MS);
    thread_end(thread, 0);
    thread_end(urgent, 0);
    give_up(token);
}

static void what_was_taken_too_much_is_paid_back(void **state)
{
    (void)state;
    handle_t token;
    struct thread *other = machine_program(PRIORITY_NORMAL);
    struct thread *thread = reserved(2 * MS, 10 * MS, &token);
    assert_ptr_equal(choose(), thread);
    host_clock_ns += 7 * MS; /* the kernel lets nobody in between */
    assert_ptr_equal(after(0), other);
    assert_int_equal(told(token).left_ns, -5 * (int64_t)MS);
    assert_ptr_equal(after(3 * MS), other);
    assert_int_equal(told(token).left_ns, -3 * (int64_t)MS);
    assert_ptr_equal(after(10 * MS), other);
    assert_ptr_equal(after(10 * MS), thread);
    assert_int_equal(told(token).left_ns, MS);
    assert_ptr_equal(after(MS), other);
    thread_end(thread, 0);
    thread_end(other, 0);
    give_up(token);
}

/* Half of 8 ms in 20 ms are left: that may be used in 10 ms, and not in less. */
static void who_wakes_late_begins_a_period(void **state)
{
    (void)state;
    handle_t token;
    struct thread *thread = reserved(8 * MS, 20 * MS, &token);
    assert_ptr_equal(choose(), thread);
    uint64_t begin = host_clock_ns;
    assert_ptr_equal(after(4 * MS), thread);
    sleep_now();
    machine_pass_time(6 * MS);
    scheduler_wake(thread);
    assert_ptr_equal(choose(), thread);
    assert_int_equal(told(token).deadline, begin + 20 * MS);
    assert_int_equal(told(token).left_ns, 4 * MS);
    sleep_now();
    machine_pass_time(1);
    scheduler_wake(thread);
    assert_ptr_equal(choose(), thread);
    assert_int_equal(told(token).deadline, begin + 30 * MS + 1);
    assert_int_equal(told(token).left_ns, 8 * MS);
    sleep_now();
    machine_pass_time(50 * MS);
    scheduler_wake(thread);
    assert_ptr_equal(choose(), thread);
    assert_int_equal(told(token).deadline, begin + 80 * MS + 1);
    assert_int_equal(told(token).missed, 0);
    thread_end(thread, 0);
    give_up(token);
}

static void the_earlier_deadline_is_first(void **state)
{
    (void)state;
    handle_t tokens[2];
    struct thread *late = reserved(4 * MS, 20 * MS, &tokens[0]);
    assert_ptr_equal(choose(), late);
    struct thread *early = reserved(4 * MS, 10 * MS, &tokens[1]);
    assert_true(cpu_current()->reschedule);
    assert_ptr_equal(choose(), early);
    assert_ptr_equal(after(4 * MS), late);
    assert_null(after(4 * MS));
    assert_ptr_equal(after(2 * MS), early);
    assert_null(after(4 * MS));
    machine_pass_time(6 * MS); /* both begin a period, the one to 30 ms, the other to 40 */
    assert_ptr_equal(choose(), early);
    thread_end(early, 0);
    assert_ptr_equal(choose(), late);
    thread_end(late, 0);
    give_up(tokens[0]);
    give_up(tokens[1]);
}

/* Kept from its CPU past its deadline, with time left. */
static void a_deadline_that_passes_is_missed_once(void **state)
{
    (void)state;
    handle_t token;
    struct thread *thread = reserved(4 * MS, 10 * MS, &token);
    machine_pass_time(15 * MS);
    uint64_t now = host_clock_ns;
    assert_ptr_equal(choose(), thread);
    assert_int_equal(told(token).missed, 1);
    assert_int_equal(told(token).deadline, now + 5 * MS);
    assert_int_equal(told(token).left_ns, 4 * MS);
    thread_end(thread, 0);
    give_up(token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    host_memory_init(4 * TEST_PAGES);
    const struct CMUnitTest tests[] = {
        TEST(a_cpu_is_given_out_up_to_nine_tenths_rounded_up),
        TEST(what_cannot_be_promised_is_refused),
        TEST(a_failed_creation_leaves_nothing),
        TEST(a_budget_is_one_threads),
        TEST(who_has_used_it_up_waits_for_the_next_period),
        TEST(what_was_taken_too_much_is_paid_back),
        TEST(who_wakes_late_begins_a_period),
        TEST(the_earlier_deadline_is_first),
        TEST(a_deadline_that_passes_is_missed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
