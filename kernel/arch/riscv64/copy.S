/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: copies to and from user memory.
 *
 * A fault on the user's side is resolved and the instruction tried again, or the trap
 * continues at the fixup beside it in .copy_fixups; a2 then holds what is left. Words
 * need not be aligned: where the machine cannot, its firmware does it.
 */
#include <arch/offsets.h>

.macro FIXED instruction:vararg
9:  \instruction
    .pushsection .copy_fixups, "a"
    .quad 9b, copy_done
    .popsection
.endm

/* a0: to, a1: from, a2: length. Returns how many bytes were not copied. */
    .text
    .balign 4
    .globl arch_copy_from_user, arch_copy_to_user
arch_copy_from_user:
arch_copy_to_user:
    li t0, SSTATUS_USER_MEMORY
    csrs sstatus, t0
    li t1, 32
1:  bltu a2, t1, 3f
    FIXED ld t2, 0(a1)
    FIXED ld t3, 8(a1)
    FIXED ld t4, 16(a1)
    FIXED ld t5, 24(a1)
    FIXED sd t2, 0(a0)
    FIXED sd t3, 8(a0)
    FIXED sd t4, 16(a0)
    FIXED sd t5, 24(a0)
    addi a0, a0, 32
    addi a1, a1, 32
    addi a2, a2, -32
    j 1b
2:  FIXED lb t2, 0(a1)
    FIXED sb t2, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
3:  bnez a2, 2b
copy_done:
    csrc sstatus, t0
    mv a0, a2
    ret
