/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: access to the program's memory.
 *
 * A fault between arch_copy_low and arch_copy_high continues at arch_copy_resume
 * with all registers as they were: what is left is in a2, which therefore becomes
 * less only after a store. The routines run into it, with 0 there, when they are done.
 * Words are moved only where both sides are aligned: other accesses may be slow or
 * be carried out by the machine's firmware.
 */
    .attribute arch, "rv64imafdc"
    .section .text.copy, "ax"
    .balign 16
    .globl arch_copy_low
arch_copy_low:

/* a0: to, a1: from, a2: size. */
    .globl arch_copy
arch_copy:
    xor a3, a0, a1
    andi a3, a3, 7
    bnez a3, 4f
1:  andi a3, a0, 7
    beqz a3, 2f
    beqz a2, arch_copy_resume
    lbu a4, 0(a1)
    sb a4, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j 1b
2:  li a5, 16
3:  bltu a2, a5, 4f
    ld a3, 0(a1)
    ld a4, 8(a1)
    sd a3, 0(a0)
    sd a4, 8(a0)
    addi a0, a0, 16
    addi a1, a1, 16
    addi a2, a2, -16
    j 3b
4:  beqz a2, arch_copy_resume
    lbu a4, 0(a1)
    sb a4, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j 4b

/* a0: to, a1: size. */
    .globl arch_zero
arch_zero:
    mv a2, a1
1:  andi a3, a0, 7
    beqz a3, 2f
    beqz a2, arch_copy_resume
    sb zero, 0(a0)
    addi a0, a0, 1
    addi a2, a2, -1
    j 1b
2:  li a5, 16
3:  bltu a2, a5, 4f
    sd zero, 0(a0)
    sd zero, 8(a0)
    addi a0, a0, 16
    addi a2, a2, -16
    j 3b
4:  beqz a2, arch_copy_resume
    sb zero, 0(a0)
    addi a0, a0, 1
    addi a2, a2, -1
    j 4b

/* a0: from, a1: the library's word. */
    .globl arch_load_word
arch_load_word:
    li a2, 1
    lw a3, 0(a0)
    sw a3, 0(a1)
    li a2, 0
    j arch_copy_resume

/* a0: at, a1: the library's word, a2: desired. */
    .globl arch_exchange_word
arch_exchange_word:
    mv a5, a2
    li a2, 1
    lw a3, 0(a1)
1:  lr.w.aqrl a4, (a0)
    bne a4, a3, 2f
    sc.w.rl a6, a5, (a0)
    bnez a6, 1b
2:  sw a4, 0(a1)
    li a2, 0
    j arch_copy_resume

/* a0: the program's room for f0 to f31 and fcsr. */
    .globl riscv_save_floating
riscv_save_floating:
    li a2, 1
    frcsr a3
    fsd f0, 0(a0)
    fsd f1, 8(a0)
    fsd f2, 16(a0)
    fsd f3, 24(a0)
    fsd f4, 32(a0)
    fsd f5, 40(a0)
    fsd f6, 48(a0)
    fsd f7, 56(a0)
    fsd f8, 64(a0)
    fsd f9, 72(a0)
    fsd f10, 80(a0)
    fsd f11, 88(a0)
    fsd f12, 96(a0)
    fsd f13, 104(a0)
    fsd f14, 112(a0)
    fsd f15, 120(a0)
    fsd f16, 128(a0)
    fsd f17, 136(a0)
    fsd f18, 144(a0)
    fsd f19, 152(a0)
    fsd f20, 160(a0)
    fsd f21, 168(a0)
    fsd f22, 176(a0)
    fsd f23, 184(a0)
    fsd f24, 192(a0)
    fsd f25, 200(a0)
    fsd f26, 208(a0)
    fsd f27, 216(a0)
    fsd f28, 224(a0)
    fsd f29, 232(a0)
    fsd f30, 240(a0)
    fsd f31, 248(a0)
    sw a3, 256(a0)
    li a2, 0
    j arch_copy_resume

    .globl riscv_load_floating
riscv_load_floating:
    li a2, 1
    lw a3, 256(a0)
    fld f0, 0(a0)
    fld f1, 8(a0)
    fld f2, 16(a0)
    fld f3, 24(a0)
    fld f4, 32(a0)
    fld f5, 40(a0)
    fld f6, 48(a0)
    fld f7, 56(a0)
    fld f8, 64(a0)
    fld f9, 72(a0)
    fld f10, 80(a0)
    fld f11, 88(a0)
    fld f12, 96(a0)
    fld f13, 104(a0)
    fld f14, 112(a0)
    fld f15, 120(a0)
    fld f16, 128(a0)
    fld f17, 136(a0)
    fld f18, 144(a0)
    fld f19, 152(a0)
    fld f20, 160(a0)
    fld f21, 168(a0)
    fld f22, 176(a0)
    fld f23, 184(a0)
    fld f24, 192(a0)
    fld f25, 200(a0)
    fld f26, 208(a0)
    fld f27, 216(a0)
    fld f28, 224(a0)
    fld f29, 232(a0)
    fld f30, 240(a0)
    fld f31, 248(a0)
    fscsr a3
    li a2, 0

    .globl arch_copy_high
arch_copy_high:
    .globl arch_copy_resume
arch_copy_resume:
    mv a0, a2
    ret
