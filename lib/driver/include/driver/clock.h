/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What a driver is of a clock that runs without power. */
#pragma once

#include <driver/registers.h>
#include <stdbool.h>

struct clock_time {
    uint64_t real_ns; /* since 1970 UTC */
    uint64_t boot_ns; /* since boot, when it was read */
};

/* False if the clock holds no date. */
typedef bool clock_read(struct driver_registers *registers, struct clock_time *time);

/* The whole driver: sets real time, unless a former instance has, then tells the time to who asks. */
_Noreturn void clock_serve(const struct start_block *start, clock_read *read);
