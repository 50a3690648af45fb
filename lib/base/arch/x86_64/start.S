/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The first instructions of a service: the argument of its first thread is in
 * rdi already; make the stack what the calling convention wants, and mark the
 * outermost frame.
 */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    andq $-16, %rsp
    call service_start
    ud2
    .size _start, . - _start
