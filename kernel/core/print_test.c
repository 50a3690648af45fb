/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <kernel/log.h>

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#undef assert

/* Ours against the C library's. */
__attribute__((format(printf, 1, 2))) static void expect_same(const char *format, ...)
{
    for (size_t size = 0; size < 64; size += 7) {
        char ours[64] = "unchanged", theirs[64] = "unchanged";
        va_list arguments;
        va_start(arguments, format);
        size_t our_length = format_text(ours, size, format, arguments);
        va_end(arguments);
        va_start(arguments, format);
        vsnprintf(theirs, size, format, arguments);
        va_end(arguments);
        assert_int_equal(our_length, size != 0 ? strlen(theirs) : 0);
        assert_string_equal(ours, theirs);
    }
}

static void test_same_as_the_library(void **state)
{
    (void)state;
    expect_same("plain, 100%%");
    expect_same("%s|%8s|%2s", "text", "right", "longer");
    expect_same("%d %d %d", 0, -1, INT32_MIN);
    expect_same("%ld %lu %3lu", INT64_MIN, UINT64_MAX, UINT64_C(5));
    expect_same("%u %x %08x %6d|", 4000000000u, 0xbeefu, 0xbeefu, 42);
    expect_same("%lx %016lx", UINT64_MAX, UINT64_C(0x1234));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_the_library)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
