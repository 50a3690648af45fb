/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: where the kernel enters the library, and the way back.
 *
 * The kernel enters with the frame's address in sp. A reflected call finds pc and
 * sp in the frame; the other registers are the program's still. Nothing is pushed
 * on the program's stack. s1 holds the frame while C runs, which leaves tp and gp
 * alone.
 *
 * The way back is frame_resume, which loads everything from the frame. Before it,
 * in a restartable range, stands a look at the interrupt mark. A thread that is
 * marked within it begins at arch_restart, with the frame in sp.
 */
#include <trellis/arch/offsets.h>

/* C on the library's own stack, with the frame as argument. */
.macro CALL_WITH_FRAME function
    mv a0, s1
    ld sp, FRAME_STACK_TOP(s1)
    li s0, 0
    li ra, 0
    call \function
.endm

    .section .text.entry, "ax"
    .balign 16
    .globl arch_reflect
arch_reflect:
    sd ra, REGISTER_X(1)(sp)
    sd gp, REGISTER_X(3)(sp)
    sd tp, REGISTER_X(4)(sp)
    sd t0, REGISTER_X(5)(sp)
    sd t1, REGISTER_X(6)(sp)
    sd t2, REGISTER_X(7)(sp)
    sd s0, REGISTER_X(8)(sp)
    sd s1, REGISTER_X(9)(sp)
    sd a0, REGISTER_X(10)(sp)
    sd a1, REGISTER_X(11)(sp)
    sd a2, REGISTER_X(12)(sp)
    sd a3, REGISTER_X(13)(sp)
    sd a4, REGISTER_X(14)(sp)
    sd a5, REGISTER_X(15)(sp)
    sd a6, REGISTER_X(16)(sp)
    sd a7, REGISTER_X(17)(sp)
    sd s2, REGISTER_X(18)(sp)
    sd s3, REGISTER_X(19)(sp)
    sd s4, REGISTER_X(20)(sp)
    sd s5, REGISTER_X(21)(sp)
    sd s6, REGISTER_X(22)(sp)
    sd s7, REGISTER_X(23)(sp)
    sd s8, REGISTER_X(24)(sp)
    sd s9, REGISTER_X(25)(sp)
    sd s10, REGISTER_X(26)(sp)
    sd s11, REGISTER_X(27)(sp)
    sd t3, REGISTER_X(28)(sp)
    sd t4, REGISTER_X(29)(sp)
    sd t5, REGISTER_X(30)(sp)
    sd t6, REGISTER_X(31)(sp)
    mv s1, sp
    CALL_WITH_FRAME call_enter

/* s1: the frame; a0: whether the registers are a handler's, or what a handler left. */
leave:
    bnez a0, resume
    .globl arch_restart_low
arch_restart_low:
    ld t0, FRAME_INTERRUPTED(s1)
    bnez t0, restart
resume:
    lwu a7, arch_number_frame_resume
    ecall
    .globl arch_restart_high
arch_restart_high:
    unimp

    .globl arch_restart
arch_restart:
    mv s1, sp
restart:
    CALL_WITH_FRAME call_restart
    j leave

    .globl arch_interrupt
arch_interrupt:
    mv s1, sp
    CALL_WITH_FRAME call_interrupted
    j resume

    .globl arch_fault
arch_fault:
    mv s1, sp
    CALL_WITH_FRAME call_faulted
    j resume

    .globl arch_enter_program
arch_enter_program:
    mv s1, a0
    j resume

/* a0: stack, a1: function, a2: its argument. */
    .globl arch_run_on_stack
arch_run_on_stack:
    mv sp, a0
    mv a0, a2
    li s0, 0
    li ra, 0
    jalr a1
    unimp

/* a0: the word that says the stack is free, a1: the program's word to clear. */
    .globl arch_thread_vanish
arch_thread_vanish:
    lwu a7, arch_number_thread_end
    li t0, 1
    fence rw, w
    sw t0, 0(a0)
    li a0, 0
    ecall
    unimp

/* The first thread. a0: the start block, a1: the frame. */
    .globl arch_start
arch_start:
    la sp, first_stack_top
    li s0, 0
    li ra, 0
    call start_library
    unimp

/* A thread that clone made, on its own stack. a0: its task, a1: the frame. */
    .globl arch_task_start
arch_task_start:
    li s0, 0
    li ra, 0
    call clone_begin
    unimp

    .bss
    .balign 16
    .skip 0x4000
first_stack_top:
