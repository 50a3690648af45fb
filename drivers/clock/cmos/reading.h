/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the CMOS clock's registers say (Motorola MC146818, data sheet 1984; the
 * century register is the PC's).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct clock_reading {
    uint8_t second, minute, hour, day, month, year, century;
    uint8_t format; /* register B */
};

enum clock_format {
    CLOCK_24_HOURS = 1 << 1, /* else 12, bit 7 of the hour: afternoon */
    CLOCK_BINARY = 1 << 2,   /* else binary-coded decimal */
};

/* Seconds since 1970 UTC; false if the registers hold no date. */
bool clock_decode(const struct clock_reading *reading, uint64_t *seconds);
