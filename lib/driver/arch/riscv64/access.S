/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* access.h: the register in memory is the first argument, the count the third and fourth. */
    .text
    .globl driver_access_write
    .globl driver_access_written
driver_access_write:
    sb a1, 0(a0)
driver_access_written:
    sw a3, 0(a2)
    ret

    .globl driver_access_read
    .globl driver_access_loaded
    .globl driver_access_kept
driver_access_read:
    lbu a4, 0(a0)
driver_access_loaded:
    sb a4, 0(a1)
driver_access_kept:
    sw a3, 0(a2)
    ret
