/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* access.h: the register in memory is the first argument, the count the third and fourth. */
    .text
    .globl driver_access_write
    .globl driver_access_written
driver_access_write:
    strb w1, [x0]
driver_access_written:
    str w3, [x2]
    ret

    .globl driver_access_read
    .globl driver_access_loaded
    .globl driver_access_kept
driver_access_read:
    ldrb w4, [x0]
driver_access_loaded:
    strb w4, [x1]
driver_access_kept:
    str w3, [x2]
    ret
