/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The device server: what is in the machine, and the power switch.
 *
 * Labels of requests are enum device_operation; replies carry an enum status.
 */
#pragma once

#define DEVICE_OPERATIONS(X)                                                                           \
    /* text: a device's name ("serial0", "clock0"). To init only (START_INIT_BADGE). Reply: handles: \
     * its registers (ioport or memory), then its interrupt if it has one; [0] which registers     \
     * (enum start_registers_kind), [1] the first port or physical address, [2] how many bytes;    \
     * text: the driver's program, bin/TEXT. NOT_FOUND: the machine has no such device. */ \
    X(CLAIM, 1)                                                                                        \
    /* word 0: enum device_power. Does not return when it works. */                                    \
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
