/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The first instructions of a service: the argument of its first thread is in
 * x0 already; make the stack what the calling convention wants, and mark the
 * outermost frame.
 */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    mov x29, xzr
    mov x30, xzr
    mov x9, sp
    and sp, x9, #-16
    bl service_start
    brk #0
    .size _start, . - _start
