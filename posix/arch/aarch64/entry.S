/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: where the kernel enters the library, and the way back.
 *
 * The kernel enters with the frame's address in sp. A reflected call finds pc, sp
 * and flags in the frame; the other registers are the program's still. Nothing is
 * pushed on the program's stack. x19 holds the frame while C runs.
 *
 * The way back is frame_resume, which loads everything from the frame. Before it,
 * in a restartable range, stands a look at the interrupt mark. A thread that is
 * marked within it begins at arch_restart, with the frame in sp.
 */
#include <trellis/arch/offsets.h>

/* C on the library's own stack, with the frame as argument. */
.macro CALL_WITH_FRAME function
    mov x0, x19
    ldr x9, [x19, #FRAME_STACK_TOP]
    mov sp, x9
    mov x29, xzr
    mov x30, xzr
    bl \function
.endm

.macro NATIVE_NUMBER name
    adrp x8, \name
    ldr w8, [x8, :lo12:\name]
.endm

    .section .text.entry, "ax"
    .balign 16
    .globl arch_reflect
arch_reflect:
    stp x0, x1, [sp, #REGISTER_X(0)]
    stp x2, x3, [sp, #REGISTER_X(2)]
    stp x4, x5, [sp, #REGISTER_X(4)]
    stp x6, x7, [sp, #REGISTER_X(6)]
    stp x8, x9, [sp, #REGISTER_X(8)]
    stp x10, x11, [sp, #REGISTER_X(10)]
    stp x12, x13, [sp, #REGISTER_X(12)]
    stp x14, x15, [sp, #REGISTER_X(14)]
    stp x16, x17, [sp, #REGISTER_X(16)]
    stp x18, x19, [sp, #REGISTER_X(18)]
    stp x20, x21, [sp, #REGISTER_X(20)]
    stp x22, x23, [sp, #REGISTER_X(22)]
    stp x24, x25, [sp, #REGISTER_X(24)]
    stp x26, x27, [sp, #REGISTER_X(26)]
    stp x28, x29, [sp, #REGISTER_X(28)]
    str x30, [sp, #REGISTER_X(30)]
    mov x19, sp
    CALL_WITH_FRAME call_enter

/* x19: the frame; x0: whether the registers are a handler's, or what a handler left. */
leave:
    cbnz x0, resume
    .globl arch_restart_low
arch_restart_low:
    ldr x9, [x19, #FRAME_INTERRUPTED]
    cbnz x9, restart
resume:
    NATIVE_NUMBER arch_number_frame_resume
    svc #0
    .globl arch_restart_high
arch_restart_high:
    brk #1

    .globl arch_restart
arch_restart:
    mov x19, sp
restart:
    CALL_WITH_FRAME call_restart
    b leave

    .globl arch_interrupt
arch_interrupt:
    mov x19, sp
    CALL_WITH_FRAME call_interrupted
    b resume

    .globl arch_fault
arch_fault:
    mov x19, sp
    CALL_WITH_FRAME call_faulted
    b resume

    .globl arch_enter_program
arch_enter_program:
    mov x19, x0
    b resume

/* x0: stack, x1: function, x2: its argument. */
    .globl arch_run_on_stack
arch_run_on_stack:
    mov sp, x0
    mov x0, x2
    mov x29, xzr
    mov x30, xzr
    blr x1
    brk #1

/* x0: the word that says the stack is free, x1: the program's word to clear. */
    .globl arch_thread_vanish
arch_thread_vanish:
    NATIVE_NUMBER arch_number_thread_end
    mov w9, #1
    stlr w9, [x0]
    mov x0, xzr
    svc #0
    brk #1

/* The first thread. x0: the start block, x1: the frame. */
    .globl arch_start
arch_start:
    adrp x9, first_stack_top
    add x9, x9, :lo12:first_stack_top
    mov sp, x9
    mov x29, xzr
    mov x30, xzr
    bl start_library
    brk #1

/* A thread that clone made, on its own stack. x0: its task, x1: the frame. */
    .globl arch_task_start
arch_task_start:
    mov x29, xzr
    mov x30, xzr
    bl clone_begin
    brk #1

    .bss
    .balign 16
    .skip 0x4000
first_stack_top:
