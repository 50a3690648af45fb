/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/futex.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* As FUTEX_OP of linux/futex.h. */
static uint32_t encode(unsigned operation, int operand, unsigned comparison, int compared)
{
    return (operation & 0xfu) << 28 | (comparison & 0xfu) << 24 |
           ((uint32_t)operand & 0xfffu) << 12 | ((uint32_t)compared & 0xfffu);
}

static void takes_fields_apart_with_their_signs(void **state)
{
    (void)state;
    struct futex_operation operation = futex_decode_operation(encode(1, -3, 2, -5));
    assert_int_equal(operation.operation, 1);
    assert_int_equal((int32_t)operation.operand, -3);
    assert_int_equal(operation.comparison, 2);
    assert_int_equal((int32_t)operation.compared, -5);
    assert_int_equal(futex_decode_operation(encode(8 | 2, 5, 0, 0)).operand, 1u << 5);
}

static void computes(void **state)
{
    (void)state;
    const uint32_t expected[] = {12, 22, 14, 2, 6};
    for (unsigned operation = 0; operation < 5; operation++) {
        struct futex_operation decoded = futex_decode_operation(encode(operation, 12, 0, 0));
        assert_int_equal(futex_operation_result(&decoded, 10), expected[operation]);
    }
}

static void compares_as_signed(void **state)
{
    (void)state;
    /* old = -1 against 0: ==, !=, <, <=, >, >= */
    const int expected[] = {0, 1, 1, 1, 0, 0};
    for (unsigned comparison = 0; comparison < 6; comparison++) {
        struct futex_operation decoded = futex_decode_operation(encode(0, 0, comparison, 0));
        assert_int_equal(futex_operation_matches(&decoded, UINT32_MAX), expected[comparison]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_fields_apart_with_their_signs),
        cmocka_unit_test(computes),
        cmocka_unit_test(compares_as_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
