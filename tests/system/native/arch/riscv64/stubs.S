/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* stubs.h says what each is. */
#include <trellis/arch/offsets.h>

#define FUNCTION(name) .globl name; .type name, @function; name:
#define LABEL(name) .globl name; name:

    .section .text.stubs, "ax"
    .balign 4

FUNCTION(stub_thread_entry)
    li s0, 0
    li ra, 0
    andi sp, sp, -16
    call test_thread_main
    unimp

/* Of the registers that a function need not keep, those that a call must. */
FUNCTION(stub_call)
    mv a7, a0
    mv a5, sp
    li a1, 0x123
    li a2, 0x234
    ecall
    bne sp, a5, 1f
    addi a1, a1, -0x123
    addi a2, a2, -0x234
    or a1, a1, a2
    bnez a1, 1f
    ret
1:  mv sp, a5
    li a0, -1
    ret

FUNCTION(stub_load)
    ld a0, 0(a0)
LABEL(stub_load_after)
    ret

LABEL(stub_text_low)

FUNCTION(stub_reflect)
    ld a0, REGISTER_NUMBER(sp)
    addi a0, a0, 1
    sd a0, REGISTER_X(10)(sp)
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25
    sd x\n, REGISTER_X(\n)(sp)
    .endr
    .irp n, 26, 27, 28, 29, 30, 31
    sd x\n, REGISTER_X(\n)(sp)
    .endr
    lw a7, stub_resume_number
    ecall
    unimp

FUNCTION(stub_interrupt)
FUNCTION(stub_fault)
    mv a0, sp
    ld sp, FRAME_STACK_TOP(a0)
    li s0, 0
    li ra, 0
    ld t0, stub_entered
    jalr t0
    unimp

FUNCTION(stub_copy)
    beqz a2, 2f
LABEL(stub_copy_low)
1:  lb t0, 0(a1)
    sb t0, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    bnez a2, 1b
LABEL(stub_copy_high)
2:  li a0, 0
    ret
FUNCTION(stub_copy_resume)
    li a0, 1
    ret

/* The restart entry finds the frame in sp. */
FUNCTION(stub_spin)
    addi sp, sp, -16
    sd s1, 8(sp)
    mv s1, sp
LABEL(stub_restart_low)
1:  lw t0, 0(a0)
    beqz t0, 1b
LABEL(stub_restart_high)
    li a0, 0
2:  ld s1, 8(sp)
    addi sp, sp, 16
    ret
FUNCTION(stub_restart_entry)
    mv sp, s1
    li a0, 1
    j 2b

LABEL(stub_text_high)

    .section .note.GNU-stack, "", @progbits
