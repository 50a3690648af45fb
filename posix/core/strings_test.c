/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "strings.h"

#include <base/errno.h>
#include <posix/copy.h>
#include <posix/memory.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int allocations_left;

void *memory_resize(void *piece, size_t size)
{
    if (allocations_left-- == 0)
        return NULL;
    return realloc(piece, size);
}

void memory_release(void *piece)
{
    free(piece);
}

/* The program is the test; page 0 cannot be read. */
int copy_from_program(void *to, uint64_t from, size_t size)
{
    if (from < 4096)
        return -LINUX_EFAULT;
    memcpy(to, (const void *)from, size);
    return 0;
}

int64_t copy_string_from_program(char *to, uint64_t from, size_t size)
{
    if (from < 4096)
        return -LINUX_EFAULT;
    size_t length = strnlen((const char *)from, size);
    memcpy(to, (const void *)from, length < size ? length + 1 : size);
    return length < size ? (int64_t)length : -LINUX_ENAMETOOLONG;
}

static struct strings strings;

static int set_up(void **state)
{
    (void)state;
    allocations_left = -1;
    strings_init(&strings, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    strings_release(&strings);
    return 0;
}

static void gathers_an_array(void **state)
{
    (void)state;
    const char *const array[] = {"one", "", "three", NULL};
    assert_int_equal(strings_add(&strings, "zero"), 0);
    assert_int_equal(strings_add_array(&strings, (uint64_t)array, 1), 0);
    assert_int_equal(strings.count, 3);
    assert_int_equal(strings.size, 12);
    assert_memory_equal(strings.bytes, "zero\0\0three", 12);
    assert_int_equal(strings_add_array(&strings, 0, 0), 0);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    const char *const array[] = {"one", (const char *)8, NULL};
    assert_int_equal(strings_add_array(&strings, (uint64_t)array, 0), -LINUX_EFAULT);
    assert_int_equal(strings_add_array(&strings, 16, 0), -LINUX_EFAULT);
    char *longest = malloc(STRING_MAX + 1);
    memset(longest, 'x', STRING_MAX);
    longest[STRING_MAX] = 0;
    assert_int_equal(strings_add_from_program(&strings, (uint64_t)longest), -LINUX_E2BIG);
    longest[STRING_MAX - 1] = 0;
    assert_int_equal(strings_add_from_program(&strings, (uint64_t)longest), 0);
    free(longest);
    strings.limit = strings.size + 2;
    assert_int_equal(strings_add(&strings, "abc"), -LINUX_E2BIG);
}

static void survives_lack_of_memory(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'y', sizeof(text));
    text[sizeof(text) - 1] = 0;
    for (int fail_at = 0; fail_at < 2; fail_at++) {
        strings_release(&strings);
        strings_init(&strings, 1 << 20);
        allocations_left = fail_at;
        int error = strings_add(&strings, "a");
        if (error == 0)
            error = strings_add(&strings, text);
        assert_int_equal(error, -LINUX_ENOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gathers_an_array, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_what_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(survives_lack_of_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
