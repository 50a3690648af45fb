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

/* x0: to, x1: from, x2: length. Returns how many bytes were not copied. */
    .text
    .balign 64
    .globl arm_copy_from_user
arm_copy_from_user:
    subs x3, x2, #32
    b.lo 2f
1:  USER ldtr x4, [x1]
    USER ldtr x5, [x1, #8]
    USER ldtr x6, [x1, #16]
    USER ldtr x7, [x1, #24]
    stp x4, x5, [x0], #16
    stp x6, x7, [x0], #16
    add x1, x1, #32
    mov x2, x3
    subs x3, x2, #32
    b.hs 1b
2:  subs x3, x2, #8
    b.lo 4f
    USER ldtr x4, [x1]
    str x4, [x0], #8
    add x1, x1, #8
    mov x2, x3
    b 2b
3:  USER ldtrb w4, [x1]
    strb w4, [x0], #1
    add x1, x1, #1
    sub x2, x2, #1
4:  cbnz x2, 3b
stopped:
    mov x0, x2
    ret

    .balign 64
    .globl arm_copy_to_user
arm_copy_to_user:
    subs x3, x2, #32
    b.lo 2f
1:  ldp x4, x5, [x1], #16
    ldp x6, x7, [x1], #16
    USER sttr x4, [x0]
    USER sttr x5, [x0, #8]
    USER sttr x6, [x0, #16]
    USER sttr x7, [x0, #24]
    add x0, x0, #32
    mov x2, x3
    subs x3, x2, #32
    b.hs 1b
2:  subs x3, x2, #8
    b.lo 4f
    ldr x4, [x1], #8
    USER sttr x4, [x0]
    add x0, x0, #8
    mov x2, x3
    b 2b
3:  ldrb w4, [x1], #1
    USER sttrb w4, [x0]
    add x0, x0, #1
    sub x2, x2, #1
4:  cbnz x2, 3b
    b stopped

/*
 * x0: operation, x1: parameter block (Arm "Semihosting for AArch64", section 2.1).
 * Comes back where no debugger or emulator listens.
 */
    .globl arm_semihosting_call
arm_semihosting_call:
    mov x2, xzr
    USER hlt #0xf000
    b stopped
