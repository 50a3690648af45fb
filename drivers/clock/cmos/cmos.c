/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The CMOS clock.
 *
 * The registers change once a second and must not be read meanwhile (MC146818,
 * "update cycle"): a reading counts when the update flag was down before it and
 * a second reading is the same.
 */
#include <base/service.h>
#include <base/text.h>
#include <driver/clock.h>
#include <trellis/native.h>

#include "reading.h"

#define NS_PER_S UINT64_C(1000000000)
#define ATTEMPTS 10000

enum {
    INDEX = 0, /* register offsets of the window */
    VALUE = 1,

    SECOND = 0x00, /* the clock's own registers */
    MINUTE = 0x02,
    HOUR = 0x04,
    DAY = 0x07,
    MONTH = 0x08,
    YEAR = 0x09,
    STATUS_A = 0x0a,
    STATUS_B = 0x0b,
    CENTURY = 0x32,

    UPDATING = 1 << 7, /* in STATUS_A */
};

static uint8_t read_register(struct driver_registers *registers, uint8_t index)
{
    driver_write8(registers, INDEX, index);
    return driver_read8(registers, VALUE);
}

static void read_once(struct driver_registers *registers, struct clock_reading *reading)
{
    *reading = (struct clock_reading){
        .second = read_register(registers, SECOND),
        .minute = read_register(registers, MINUTE),
        .hour = read_register(registers, HOUR),
        .day = read_register(registers, DAY),
        .month = read_register(registers, MONTH),
        .year = read_register(registers, YEAR),
        .century = read_register(registers, CENTURY),
        .format = read_register(registers, STATUS_B),
    };
}

static bool read_clock(struct driver_registers *registers, struct clock_time *time)
{
    struct clock_reading reading, again;
    uint64_t seconds;
    for (int i = 0; i < ATTEMPTS; i++) {
        if ((read_register(registers, STATUS_A) & UPDATING) != 0)
            continue;
        read_once(registers, &reading);
        time->boot_ns = (uint64_t)native_clock_read();
        read_once(registers, &again);
        if (memcmp(&reading, &again, sizeof(reading)) != 0)
            continue;
        bool good = clock_decode(&reading, &seconds);
        time->real_ns = good ? seconds * NS_PER_S : 0;
        return good;
    }
    return false;
}

void service_main(const struct start_block *start)
{
    clock_serve(start, read_clock);
}
