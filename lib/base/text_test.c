/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <base/text.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The host's own snprintf is the oracle. */
#define same_as_host(...)                                                                          \
    do {                                                                                           \
        char ours[100], host[100];                                                                 \
        size_t length = text_format(ours, sizeof(ours), __VA_ARGS__);                              \
        assert_int_equal(length, snprintf(host, sizeof(host), __VA_ARGS__));                       \
        assert_string_equal(ours, host);                                                           \
    } while (0)

static void formats_as_printf(void **state)
{
    (void)state;
    same_as_host("%s|%10s|%-10s|%.2s|%c|%%", "abc", "abc", "abc", "abc", 'x');
    same_as_host("%d|%5d|%-5d|%05d|%+d|% d|%i", -12, 12, 12, -12, 12, 12, 0);
    same_as_host("%u|%x|%X|%#x|%o|%#o|%08x", 42u, 0xbeefu, 0xbeefu, 255u, 8u, 8u, 0xabcu);
    same_as_host("%lu|%lld|%zu|%jd", UINT64_MAX, -5ll, SIZE_MAX, INT64_MAX);
    same_as_host("%.3d|%8.3d|%-8.3u|%.0d", 5, 5, 5u, 0);
    same_as_host("%*d|%-*d|%.*s", 6, 1, 6, 2, 2, "abc");
    same_as_host("%hhu|%hd", (unsigned char)44, (short)-3);
    same_as_host("%p", (void *)0x1234);
}

static void cuts_off_what_does_not_fit(void **state)
{
    (void)state;
    char text[5] = "????";
    assert_int_equal(text_format(text, sizeof(text), "%s", "abcdefgh"), 8);
    assert_string_equal(text, "abcd");
    assert_int_equal(text_format(NULL, 0, "%d", 1234), 4);
    assert_false(text_copy(text, sizeof(text), "12345"));
    assert_string_equal(text, "1234");
    assert_true(text_copy(text, sizeof(text), "1234"));
}

static void numbers_are_read(void **state)
{
    (void)state;
    uint64_t number = 7;
    assert_int_equal(text_parse_number("123x", 4, &number), 3);
    assert_int_equal(number, 123);
    assert_int_equal(text_parse_number("0x1Fg", 5, &number), 4);
    assert_int_equal(number, 0x1f);
    assert_int_equal(text_parse_number("18446744073709551615", 20, &number), 20);
    assert_true(number == UINT64_MAX);
    assert_int_equal(text_parse_number("18446744073709551616", 20, &number), 0);
    assert_int_equal(text_parse_number("", 0, &number), 0);
    assert_int_equal(text_parse_number("-1", 2, &number), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_as_printf),
        cmocka_unit_test(cuts_off_what_does_not_fit),
        cmocka_unit_test(numbers_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
