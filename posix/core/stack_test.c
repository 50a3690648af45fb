/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "stack.h"

#include <posix/linux/process.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TOP UINT64_C(0x7ffd00000000)

static char image[8192];
static struct stack_layout layout;

static void lay_out(const struct stack_request *request)
{
    stack_plan(request, &layout);
    assert_true(layout.size <= sizeof(image));
    stack_write(request, &layout, image);
}

static const void *at(uint64_t address)
{
    return image + (address - layout.sp);
}

static uint64_t word(unsigned index)
{
    uint64_t value;
    memcpy(&value, image + index * sizeof(value), sizeof(value));
    return value;
}

static void has_what_the_abi_says_where_it_says(void **state)
{
    (void)state;
    static const struct stack_auxiliary auxiliary[] = {{LINUX_AT_PAGESZ, 4096}};
    static const char strings[] = "sh\0-c\0\0HOME=/";
    struct stack_request request = {
        .top = TOP,
        .strings = strings,
        .strings_size = sizeof(strings),
        .argument_count = 3,
        .environment_count = 1,
        .path = "/bin/sh",
        .platform = "x86_64",
        .random = {1, 2, 3},
        .auxiliary = auxiliary,
        .auxiliary_count = 1,
    };
    lay_out(&request);
    assert_int_equal(layout.sp % 16, 0);
    assert_int_equal(layout.sp + layout.size, TOP);
    assert_int_equal(word(0), 3);
    assert_string_equal(at(word(1)), "sh");
    assert_string_equal(at(word(2)), "-c");
    assert_string_equal(at(word(3)), "");
    assert_int_equal(word(4), 0);
    assert_string_equal(at(word(5)), "HOME=/");
    assert_int_equal(word(5), layout.environment);
    assert_int_equal(word(6), 0);
    assert_int_equal(layout.auxiliary, layout.sp + 7 * sizeof(uint64_t));
    assert_int_equal(word(7), LINUX_AT_PAGESZ);
    assert_int_equal(word(8), 4096);
    assert_int_equal(word(9), LINUX_AT_PLATFORM);
    assert_string_equal(at(word(10)), "x86_64");
    assert_int_equal(word(11), LINUX_AT_RANDOM);
    assert_memory_equal(at(word(12)), request.random, sizeof(request.random));
    assert_int_equal(word(13), LINUX_AT_EXECFN);
    assert_string_equal(at(word(14)), "/bin/sh");
    assert_int_equal(word(15), LINUX_AT_NULL);
    assert_int_equal(word(16), 0);
}

static void keeps_the_alignment_for_every_length(void **state)
{
    (void)state;
    static const char strings[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for (size_t length = 0; length < sizeof(strings); length++) {
        struct stack_request request = {
            .top = TOP,
            .strings = strings + sizeof(strings) - 1 - length,
            .strings_size = length + 1,
            .argument_count = 1,
            .path = strings,
            .platform = "x",
        };
        lay_out(&request);
        assert_int_equal(layout.sp % 16, 0);
        assert_int_equal(strlen(at(word(1))), length);
        assert_string_equal(at(layout.path), strings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_what_the_abi_says_where_it_says),
        cmocka_unit_test(keeps_the_alignment_for_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
