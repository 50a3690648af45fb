/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The device server: what is in the machine, and the power switch.
 *
 * Labels of requests are enum device_operation; replies carry an enum status.
 */
#pragma once

#define DEVICE_OPERATIONS(X)                                                                       \
    /* text: a device's name ("serial0", "clock0"). Reply: handles ioport or memory of its         \
     * registers, then its interrupt if it has one; word 0: the kind of register window            \
     * (0 ports, 1 memory). To init only. */                                                       \
    X(CLAIM, 1)                                                                                    \
    /* word 0: enum device_power. Does not return when it works. */                                \
    X(POWER, 2)

enum device_operation {
#define X(name, number) DEVICE_##name = (number),
    DEVICE_OPERATIONS(X)
#undef X
};

enum device_power {
    DEVICE_POWER_OFF = 0,
    DEVICE_POWER_RESTART = 1,
};

/* The clock driver. Reply to READ: word 0 seconds since 1970 UTC, word 1 the ns since boot it was read at. */
#define CLOCK_OPERATIONS(X) X(READ, 1)

enum clock_operation {
#define X(name, number) CLOCK_##name = (number),
    CLOCK_OPERATIONS(X)
#undef X
};
