/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Copies to and from user memory, by loads and stores with user mode's own
 * rights: what a program may not touch the kernel does not touch for it, and
 * PAN stays on. A fault is resolved and the instruction tried again, or the
 * trap continues at the fixup beside it in .copy_fixups.
 */

.macro USER instruction:vararg
9999:
    \instruction
    .pushsection .copy_fixups, "a"
    .balign 8
    .quad 9999b, stopped
    .popsection
.endm

.macro LOAD_USER width, register, at
    USER ldt\width \register, [x1, #\at]
.endm
.macro LOAD width, register, at
    ld\width \register, [x1, #\at]
.endm
.macro STORE_USER width, register, at
    USER stt\width \register, [x0, #\at]
.endm
.macro STORE width, register, at
    st\width \register, [x0, #\at]
.endm

.macro ADVANCE size
    add x0, x0, #\size
    add x1, x1, #\size
    sub x2, x2, #\size
.endm

/* x0: to, x1: from, x2: length; becomes how many bytes were not copied. */
.macro COPY load, store
    b 2f
    .balign 64
1:  .irp at, 0, 8, 16, 24
    \load r, x3, \at
    \store r, x3, \at
    .endr
    ADVANCE 32
2:  cmp x2, #32
    b.hs 1b
    b 4f
3:  \load r, x3, 0
    \store r, x3, 0
    ADVANCE 8
4:  cmp x2, #8
    b.hs 3b
    cbz x2, stopped
5:  \load rb, w3, 0
    \store rb, w3, 0
    ADVANCE 1
    cbnz x2, 5b
.endm

    .text
    .globl arch_copy_to_user
arch_copy_to_user:
    COPY LOAD, STORE_USER
    b stopped

    .globl arch_copy_from_user
arch_copy_from_user:
    COPY LOAD_USER, STORE
stopped:
    mov x0, x2
    ret
