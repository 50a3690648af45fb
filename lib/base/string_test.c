/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The functions under test take other names here, beside the host's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define memcpy tested_memcpy
#define memmove tested_memmove
#define memset tested_memset
#define memcmp tested_memcmp
#define memchr tested_memchr
#define strlen tested_strlen
#define strnlen tested_strnlen
#define strcmp tested_strcmp
#define strncmp tested_strncmp
#define strchr tested_strchr
#define strrchr tested_strrchr
#include "string.c" /* NOLINT */

#define SIZE 64

static void moves_overlap(void **state)
{
    (void)state;
    for (size_t from = 0; from < SIZE; from++) {
        for (size_t to = 0; to < SIZE; to++) {
            size_t length = SIZE - (from > to ? from : to);
            uint8_t bytes[SIZE];
            for (size_t i = 0; i < SIZE; i++)
                bytes[i] = (uint8_t)i;
            assert_ptr_equal(memmove(bytes + to, bytes + from, length), bytes + to);
            for (size_t i = 0; i < SIZE; i++)
                assert_int_equal(bytes[i], i >= to && i < to + length ? i - to + from : i);
        }
    }
}

static void fills_stay_inside(void **state)
{
    (void)state;
    for (size_t length = 0; length < 40; length++) {
        uint8_t bytes[SIZE] = {0};
        memset(bytes + 3, 0x1a5, length);
        for (size_t i = 0; i < SIZE; i++)
            assert_int_equal(bytes[i], i >= 3 && i < 3 + length ? 0xa5 : 0);
    }
}

static void strings_compare(void **state)
{
    (void)state;
    assert_int_equal(strcmp("abc", "abc"), 0);
    assert_true(strcmp("abc", "abd") < 0);
    assert_true(strcmp("\xff", "a") > 0);
    assert_true(strcmp("ab", "a") > 0);
    assert_int_equal(strncmp("abc", "abd", 2), 0);
    assert_true(memcmp("a\0b", "a\0c", 3) < 0);
}

static void characters_are_found(void **state)
{
    (void)state;
    const char *path = "a/b/c";
    assert_ptr_equal(strchr(path, '/'), path + 1);
    assert_ptr_equal(strrchr(path, '/'), path + 3);
    assert_ptr_equal(strchr(path, '\0'), path + 5);
    assert_null(strrchr(path, 'x'));
    assert_ptr_equal(memchr(path, 'c', 5), path + 4);
    assert_null(memchr(path, 'c', 4));
    assert_int_equal(strnlen(path, 3), 3);
    assert_int_equal(strnlen(path, 30), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_overlap),
        cmocka_unit_test(fills_stay_inside),
        cmocka_unit_test(strings_compare),
        cmocka_unit_test(characters_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
