/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The PL031 clock (Arm DDI 0224): seconds since 1970. */
#include <base/service.h>
#include <driver/clock.h>
#include <trellis/native.h>

#define NS_PER_S UINT64_C(1000000000)

enum { SECONDS = 0 };

static bool read_clock(struct driver_registers *registers, struct clock_time *time)
{
    time->real_ns = driver_read32(registers, SECONDS) * NS_PER_S;
    time->boot_ns = (uint64_t)native_clock_read();
    return true;
}

void service_main(const struct start_block *start)
{
    clock_serve(start, read_clock);
}
