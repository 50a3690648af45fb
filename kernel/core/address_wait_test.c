/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "../object/waits_fake.h"

#include <kernel/address_wait.h>
#include <kernel/call_arguments.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define THREADS 6

static struct thread *threads[THREADS];
static _Alignas(4096) uint32_t words[2048]; /* the first page is shared */

static int setup(void **state)
{
    fake_setup(state);
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = fake_thread_create();
    fake_shared = (uint64_t)words;
    return 0;
}

static int teardown(void **state)
{
    for (unsigned i = 0; i < THREADS; i++) {
        thread_cancel_wait(threads[i], STATUS_DEAD);
        fake_thread_free(threads[i]);
    }
    return fake_teardown(state);
}

static int64_t wait_at(unsigned thread, unsigned word, uint32_t mask, uint32_t flags)
{
    const struct address_wait_arguments arguments = {
        .address = (uint64_t)&words[word],
        .expected = 0,
        .mask = mask,
        .flags = flags,
        .deadline = DEADLINE_NEVER,
    };
    return call_address_wait(threads[thread], &arguments);
}

static void block(unsigned thread, unsigned word)
{
    assert_int_equal(wait_at(thread, word, UINT32_MAX, 0), status_to_result(STATUS_BLOCKED));
}

static int64_t wake(unsigned word, uint32_t count, uint32_t mask)
{
    const struct address_wake_arguments arguments = {
        .address = (uint64_t)&words[word], .count = count, .mask = mask};
    return call_address_wake(threads[0], &arguments);
}

static void expect_waiting(unsigned bits)
{
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(fake_thread_waits(threads[i]), bits >> i & 1);
}

static void waiters_are_woken_in_order(void **state)
{
    (void)state;
    block(2, 1500);
    block(0, 1500);
    block(1, 1500);
    block(3, 1501);
    assert_int_equal(wake(1500, 1, UINT32_MAX), 1);
    expect_waiting(0xb);
    assert_int_equal(wake(1500, 0, UINT32_MAX), 0);
    assert_int_equal(wake(1500, 9, UINT32_MAX), 2);
    expect_waiting(0x8);
    assert_int_equal(threads[0]->arch.result, 0);
}

static void a_changed_word_is_not_waited_for(void **state)
{
    (void)state;
    words[1500] = 1;
    assert_int_equal(wait_at(0, 1500, 1, 0), status_to_result(STATUS_WOULD_BLOCK));
    words[1500] = 0;
}

static void masks_choose(void **state)
{
    (void)state;
    assert_int_equal(wait_at(0, 1500, 1, 0), status_to_result(STATUS_BLOCKED));
    assert_int_equal(wait_at(1, 1500, 2, 0), status_to_result(STATUS_BLOCKED));
    assert_int_equal(wake(1500, 9, 2), 1);
    expect_waiting(0x1);
    assert_int_equal(wake(1500, 9, 0), status_to_result(STATUS_INVALID));
    assert_int_equal(wait_at(2, 1500, 0, 0), status_to_result(STATUS_INVALID));
}

static void shared_and_private_are_two_keys_but_for_the_end_of_a_thread(void **state)
{
    (void)state;
    block(0, 4);
    assert_int_equal(wait_at(1, 4, 1, ADDRESS_SHARED), status_to_result(STATUS_BLOCKED));
    assert_int_equal(wake(4, 9, UINT32_MAX), 1);
    expect_waiting(0x2);
    block(0, 4);
    address_wake_at(&fake_process, (uint64_t)&words[4], 2);
    expect_waiting(0);
    block(0, 1500);
    address_wake_at(&fake_process, (uint64_t)&words[1500], 1);
    expect_waiting(0);
}

static int64_t requeue(unsigned from, unsigned to, uint32_t wake_count, uint32_t move_count)
{
    const struct requeue_request request = {
        .from = (uint64_t)&words[from],
        .to = (uint64_t)&words[to],
        .wake = wake_count,
        .requeue = move_count,
        .compare = 1,
    };
    return call_address_requeue(threads[0],
                                &(struct address_requeue_arguments){.request = &request});
}

static void some_are_woken_and_some_moved(void **state)
{
    (void)state;
    for (unsigned i = 1; i < THREADS; i++)
        block(i, 1500);
    assert_int_equal(requeue(1500, 1600, 1, 2), 3);
    expect_waiting(0x3c);
    assert_int_equal(wake(1500, 9, UINT32_MAX), 2);
    expect_waiting(0xc);
    assert_true(thread_cancel_wait(threads[2], STATUS_TIMED_OUT));
    assert_int_equal(wake(1600, 9, UINT32_MAX), 1);
    expect_waiting(0);
}

static void moving_works_within_one_bucket_and_between_all(void **state)
{
    (void)state;
    for (unsigned to = 1025; to < 2048; to++) {
        block(1, 1024);
        block(2, 1024);
        assert_int_equal(requeue(1024, to, 0, UINT32_MAX), 2);
        assert_int_equal(wake(1024, 9, UINT32_MAX), 0);
        assert_int_equal(wake(to, 9, UINT32_MAX), 2);
    }
}

static void bad_requests_are_refused(void **state)
{
    (void)state;
    assert_int_equal(requeue(1500, 1500, 1, 1), status_to_result(STATUS_INVALID));
    words[1500] = 1;
    assert_int_equal(requeue(1500, 1501, 1, 1), status_to_result(STATUS_WOULD_BLOCK));
    words[1500] = 0;
    struct address_wait_arguments arguments = {.address = (uint64_t)words + 2, .mask = 1};
    assert_int_equal(call_address_wait(threads[0], &arguments), status_to_result(STATUS_INVALID));
    fake_bad_address = arguments.address = (uint64_t)words;
    assert_int_equal(call_address_wait(threads[0], &arguments),
                     status_to_result(STATUS_BAD_ADDRESS));
    address_wake_at(&fake_process, fake_bad_address, 1);
}

static void a_cancelled_wait_is_off_its_queue(void **state)
{
    (void)state;
    block(0, 1500);
    assert_true(thread_cancel_wait(threads[0], STATUS_INTERRUPTED));
    assert_int_equal(threads[0]->arch.result, status_to_result(STATUS_INTERRUPTED));
    assert_int_equal(wake(1500, 9, UINT32_MAX), 0);
    threads[0]->attention = ATTENTION_MARKED;
    assert_int_equal(wait_at(0, 1500, 1, 0), status_to_result(STATUS_INTERRUPTED));
    assert_int_equal(wake(1500, 9, UINT32_MAX), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(waiters_are_woken_in_order),
        TEST(a_changed_word_is_not_waited_for),
        TEST(masks_choose),
        TEST(shared_and_private_are_two_keys_but_for_the_end_of_a_thread),
        TEST(some_are_woken_and_some_moved),
        TEST(moving_works_within_one_bucket_and_between_all),
        TEST(bad_requests_are_refused),
        TEST(a_cancelled_wait_is_off_its_queue),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
