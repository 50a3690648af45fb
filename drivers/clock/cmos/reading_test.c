/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static uint8_t decimal(int value)
{
    return (uint8_t)(value / 10 << 4 | value % 10);
}

/* The host's own gmtime says what the registers would hold. */
static struct clock_reading reading_of(int64_t seconds, uint8_t format)
{
    time_t when = (time_t)seconds;
    struct tm *tm = gmtime(&when);
    bool binary = (format & CLOCK_BINARY) != 0, half = (format & CLOCK_24_HOURS) == 0;
    int hour = half ? (tm->tm_hour + 11) % 12 + 1 : tm->tm_hour;
    int values[] = {tm->tm_sec,
                    tm->tm_min,
                    hour,
                    tm->tm_mday,
                    tm->tm_mon + 1,
                    tm->tm_year % 100,
                    tm->tm_year / 100 + 19};
    uint8_t bytes[7];
    for (int i = 0; i < 7; i++)
        bytes[i] = binary ? (uint8_t)values[i] : decimal(values[i]);
    if (half && tm->tm_hour >= 12)
        bytes[2] |= 0x80;
    return (struct clock_reading){bytes[0], bytes[1], bytes[2], bytes[3],
                                  bytes[4], bytes[5], bytes[6], format};
}

static void all_formats_agree_with_gmtime(void **state)
{
    (void)state;
    for (int64_t when = 0; when < 8000000000; when += 12345677) {
        for (int format = 0; format < 4; format++) {
            struct clock_reading reading = reading_of(when, (uint8_t)(format << 1));
            uint64_t seconds;
            assert_true(clock_decode(&reading, &seconds));
            assert_int_equal(seconds, when);
        }
    }
}

static void a_missing_century_is_guessed(void **state)
{
    (void)state;
    uint64_t seconds;
    struct clock_reading reading = reading_of(1700000000, CLOCK_24_HOURS);
    reading.century = 0xff;
    assert_true(clock_decode(&reading, &seconds));
    assert_int_equal(seconds, 1700000000);
    reading = reading_of(900000000, CLOCK_24_HOURS);
    reading.century = 0;
    assert_true(clock_decode(&reading, &seconds));
    assert_int_equal(seconds, 900000000);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    uint64_t seconds;
    static const struct clock_reading bad[] = {
        {0x60, 0, 0, 1, 1, 0x20, 0x20, CLOCK_24_HOURS},
        {0, 0x60, 0, 1, 1, 0x20, 0x20, CLOCK_24_HOURS},
        {0, 0, 0x24, 1, 1, 0x20, 0x20, CLOCK_24_HOURS},
        {0, 0, 0, 0, 1, 0x20, 0x20, CLOCK_24_HOURS},
        {0, 0, 0, 0x30, 2, 0x20, 0x20, CLOCK_24_HOURS},
        {0, 0, 0, 1, 0, 0x20, 0x20, CLOCK_24_HOURS},
        {0, 0, 0, 1, 0x13, 0x20, 0x20, CLOCK_24_HOURS},
        {0, 0, 0, 1, 1, 0x69, 0x19, CLOCK_24_HOURS},
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
    };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(clock_decode(&bad[i], &seconds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_formats_agree_with_gmtime),
        cmocka_unit_test(a_missing_century_is_guessed),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
