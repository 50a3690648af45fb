/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The clock of the Goldfish virtual platform (Android emulator, GOLDFISH-VIRTUAL-HARDWARE,
 * section "Goldfish real-time clock"): nanoseconds since 1970. Reading the low half keeps
 * the high half for the next reading.
 */
#include <base/service.h>
#include <driver/clock.h>
#include <trellis/native.h>

enum {
    TIME_LOW = 0,
    TIME_HIGH = 4,
};

static bool read_clock(struct driver_registers *registers, struct clock_time *time)
{
    uint64_t low = driver_read32(registers, TIME_LOW);
    time->real_ns = (uint64_t)driver_read32(registers, TIME_HIGH) << 32 | low;
    time->boot_ns = (uint64_t)native_clock_read();
    return true;
}

void service_main(const struct start_block *start)
{
    clock_serve(start, read_clock);
}
