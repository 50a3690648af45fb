/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The first instructions of a service: the argument of its first thread is in
 * a0 already; make the stack what the calling convention wants, and mark the
 * outermost frame.
 */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    li s0, 0
    li ra, 0
    andi sp, sp, -16
    call service_start
    unimp
    .size _start, . - _start
