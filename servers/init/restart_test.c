/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "restart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)
#define MS UINT64_C(1000000)

static const struct manifest_service entry = {.restart_count = 4, .restart_window_s = 10};

static void delays_double_until_it_is_given_up(void **state)
{
    (void)state;
    struct restart_history history = {0};
    assert_int_equal(restart_after_end(&history, &entry, 1 * S), 1 * S);
    assert_int_equal(restart_after_end(&history, &entry, 2 * S), 2 * S + 50 * MS);
    assert_int_equal(restart_after_end(&history, &entry, 3 * S), 3 * S + 100 * MS);
    assert_true(restart_after_end(&history, &entry, 4 * S) == DEADLINE_NEVER);
}

static void old_ends_are_forgotten(void **state)
{
    (void)state;
    struct restart_history history = {0};
    for (uint64_t now = 20 * S; now < 1000 * S; now += 11 * S)
        assert_int_equal(restart_after_end(&history, &entry, now), now);
    assert_int_equal(history.count, 1);
}

static void the_largest_window_fits(void **state)
{
    (void)state;
    struct restart_history history = {0};
    const struct manifest_service patient = {.restart_count = MANIFEST_RESTARTS,
                                             .restart_window_s = UINT32_MAX};
    for (unsigned i = 1; i < MANIFEST_RESTARTS; i++)
        assert_true(restart_after_end(&history, &patient, i) != DEADLINE_NEVER);
    assert_true(restart_after_end(&history, &patient, 100) == DEADLINE_NEVER);
    assert_int_equal(history.count, MANIFEST_RESTARTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_double_until_it_is_given_up),
        cmocka_unit_test(old_ends_are_forgotten),
        cmocka_unit_test(the_largest_window_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
