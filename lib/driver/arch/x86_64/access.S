/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* access.h: the register in memory is the first argument, the count the third and fourth. */
    .text
    .globl driver_access_write
    .globl driver_access_written
driver_access_write:
    movb %sil, (%rdi)
driver_access_written:
    movl %ecx, (%rdx)
    ret

    .globl driver_access_read
    .globl driver_access_loaded
    .globl driver_access_kept
driver_access_read:
    movzbl (%rdi), %r8d
driver_access_loaded:
    movb %r8b, (%rsi)
driver_access_kept:
    movl %ecx, (%rdx)
    ret
