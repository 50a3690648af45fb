/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: into the kernel and out of it.
 *
 * While user mode runs, SP_EL1 is the address of the current thread, whose first
 * member is its registers: an entry stores them there, takes this CPU's empty
 * stack, and C ends in arch_return_to_user, never by returning here. Traps taken in the
 * kernel are the exception; they are interrupts in arch_idle, faults in a copy
 * routine, or bugs.
 */
#include <arch/offsets.h>
#include <trellis/arch/offsets.h>

#define CLASS_CALL 0x15 /* Arm ARM, ESR_EL1.EC: SVC in AArch64 state */
#define FLAGS_CONDITION 0xf0000000
#define MESSAGE_SIZE 80 /* ten registers on the stack */

/* For each two of the registers, in the thread or whatever is at the base. */
.macro PAIRS instruction, base, first, second, rest:vararg
    \instruction x\first, x\second, [\base, #REGISTER_X(\first)]
    .ifnb \rest
    PAIRS \instruction, \base, \rest
    .endif
.endm

.macro ZERO registers:vararg
    .irp register, \registers
    mov x\register, xzr
    .endr
.endm

#define LOST 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define SAVED 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
#define KEPT 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30 /* by what C calls */

/* Registers to the thread, then the stack of this CPU with nothing on it. */
.macro ENTER_FROM_USER
    stp x0, x1, [sp]
    PAIRS stp, sp, LOST
    stp x16, x17, [sp, #REGISTER_X(16)]
    PAIRS stp, sp, SAVED
    mrs x0, sp_el0
    mrs x1, elr_el1
    mrs x2, spsr_el1
    stp x30, x0, [sp, #REGISTER_X(30)]
    stp x1, x2, [sp, #REGISTER_PC]
    mrs x0, tpidr_el1
    ldr x0, [x0, #CPU_STACK_TOP]
    mov sp, x0
    mov x29, xzr
    mov x30, xzr
.endm

.macro VECTOR target
    .balign 128
    b \target
.endm

    .text
    .balign 2048
    .globl arm_vectors
arm_vectors:
    .rept 4 /* with SP_EL0: the kernel never has it */
    VECTOR fatal
    .endr
    VECTOR exception_in_kernel
    VECTOR interrupt_in_kernel
    VECTOR fatal
    VECTOR fatal
    VECTOR exception_in_user
    VECTOR interrupt_in_user
    VECTOR fatal_in_user
    VECTOR fatal_in_user
    .rept 4 /* AArch32: there are no such programs */
    VECTOR fatal_in_user
    .endr

/*
 * A number below the native ones goes to the library by the short path: five
 * stores and out again.
 */
exception_in_user:
    stp x16, x17, [sp, #REGISTER_X(16)]
    mrs x16, esr_el1
    lsr x16, x16, #26
    cmp x16, #CLASS_CALL
    b.ne exception_in_full
    movz w16, #(CALL_BASE >> 16), lsl #16
    subs w16, w8, w16
    b.hs native_call
    mrs x17, tpidr_el1
    ldr x16, [x17, #CPU_REFLECT]
    cbz x16, call_in_full
    ldr x16, [x17, #CPU_FRAME]
    stp x14, x15, [sp, #REGISTER_X(14)]
    str x8, [x16, #REGISTER_NUMBER]
    str xzr, [x16, #FRAME_CAUSE]
    mrs x14, sp_el0
    mrs x15, elr_el1
    stp x14, x15, [x16, #REGISTER_SP]
    mrs x14, spsr_el1
    str x14, [x16, #REGISTER_FLAGS]
    ldp x14, x15, [x17, #CPU_FRAME_USER]
    msr sp_el0, x14
    msr elr_el1, x15
    msr spsr_el1, xzr
    ldp x14, x15, [sp, #REGISTER_X(14)]
    ldp x16, x17, [sp, #REGISTER_X(16)]
    eret

/* frame_resume of a library has a short path too; what it refuses is left to C. */
native_call:
    cmp w16, #(CALL_MESSAGE - CALL_BASE)
    b.eq message_call
    cmp w16, #(CALL_ANSWER - CALL_BASE)
    b.eq message_answer
    cmp w16, #(CALL_RESUME - CALL_BASE)
    b.ne call_in_full
    mrs x17, tpidr_el1
    ldr x16, [x17, #CPU_FRAME]
    stp x14, x15, [sp, #REGISTER_X(14)]
    movz x17, #USER_END_HIGH, lsl #32
    movk x17, #USER_END_MIDDLE, lsl #16
    ldp x14, x15, [x16, #REGISTER_SP]
    cmp x15, x17
    b.hs 1f
    msr sp_el0, x14
    msr elr_el1, x15
    ldr w14, [x16, #REGISTER_FLAGS]
    and w14, w14, #FLAGS_CONDITION
    msr spsr_el1, x14
    ldr x30, [x16, #REGISTER_X(30)]
    PAIRS ldp, x16, SAVED
    PAIRS ldp, x16, LOST
    ldp x0, x1, [x16]
    ldp x16, x17, [x16, #REGISTER_X(16)]
    eret
1:  ldp x14, x15, [sp, #REGISTER_X(14)]

call_in_full:
    ldp x16, x17, [sp, #REGISTER_X(16)]
    ENTER_FROM_USER
    b trap_call

/*
 * The plain message (kernel/object/ipc_fast.c): the information and the words wait on the
 * stack and go to user mode with the thread that C has given the CPU to. What it is not sent
 * it must not see; what a message call loses is cleared.
 */
.macro MESSAGE function
    lsr x16, x1, #32
    cbnz w16, 2f
1:  stp x0, x1, [sp]
    str x8, [sp, #REGISTER_X(8)]
    PAIRS stp, sp, KEPT
    mrs x16, sp_el0
    mrs x17, elr_el1
    stp x16, x17, [sp, #REGISTER_SP]
    mrs x16, spsr_el1
    str x16, [sp, #REGISTER_FLAGS]
    mrs x17, tpidr_el1
    mov x16, sp
    ldr x17, [x17, #CPU_STACK_TOP]
    sub sp, x17, #MESSAGE_SIZE
    stp x1, x2, [sp]
    stp x3, x4, [sp, #16]
    stp x5, x6, [sp, #32]
    stp x7, x9, [sp, #48]
    stp x10, x16, [sp, #64]
    mov x1, x16
    bl \function
    ldp x1, x2, [sp]
    ldp x3, x4, [sp, #16]
    ldp x5, x6, [sp, #32]
    ldp x7, x9, [sp, #48]
    ldp x10, x16, [sp, #64]
    ZERO 13, 14, 15, 18
    cbz x0, 3f
    mov sp, x0
    ldp x11, x12, [sp, #REGISTER_X(11)]
    ldr x8, [sp, #REGISTER_X(8)]
    PAIRS ldp, sp, KEPT
    ldp x16, x17, [sp, #REGISTER_SP]
    msr sp_el0, x16
    msr elr_el1, x17
    ldr x16, [sp, #REGISTER_FLAGS]
    msr spsr_el1, x16
    mov x0, xzr
    tbnz x1, #MESSAGE_LONG_SHIFT, 4f
    ZERO 6, 7, 9, 10
4:  eret
2:  cmp w16, #MESSAGE_LONG_HIGH
    b.eq 1b
    b call_in_full
3:  mov sp, x16
    ZERO 11, 12
    ldp x0, x1, [sp]
    ldr x8, [sp, #REGISTER_X(8)]
    ldp x29, x30, [sp, #REGISTER_X(29)]
    b call_in_full
.endm

message_call:
    MESSAGE ipc_fast_call
message_answer:
    MESSAGE ipc_fast_reply_and_wait

exception_in_full:
    ldp x16, x17, [sp, #REGISTER_X(16)]
    ENTER_FROM_USER
    b arm_exception_in_user

interrupt_in_user:
    ENTER_FROM_USER
    b arm_interrupt_in_user

fatal_in_user:
    ENTER_FROM_USER
    b fatal

/* To user mode. x0: the thread. */
    .globl arch_return_to_user
arch_return_to_user:
    mov sp, x0
    ldp x30, x1, [x0, #REGISTER_X(30)]
    ldp x2, x3, [x0, #REGISTER_PC]
    msr sp_el0, x1
    msr elr_el1, x2
    msr spsr_el1, x3
    PAIRS ldp, x0, SAVED
    ldp x16, x17, [x0, #REGISTER_X(16)]
    PAIRS ldp, x0, LOST
    ldp x0, x1, [x0]
    eret

/* struct arm_trap; comes back to the pc that C leaves in it. */
.macro TRAP_IN_KERNEL handler
    sub sp, sp, #TRAP_SIZE
    stp x0, x1, [sp]
    PAIRS stp, sp, LOST
    stp x16, x17, [sp, #REGISTER_X(16)]
    stp x18, x29, [sp, #TRAP_X18]
    mrs x0, elr_el1
    mrs x1, spsr_el1
    stp x30, x0, [sp, #TRAP_X30]
    str x1, [sp, #TRAP_FLAGS]
    mov x0, sp
    bl \handler
    ldp x30, x0, [sp, #TRAP_X30]
    ldr x1, [sp, #TRAP_FLAGS]
    msr elr_el1, x0
    msr spsr_el1, x1
    ldp x18, x29, [sp, #TRAP_X18]
    ldp x16, x17, [sp, #REGISTER_X(16)]
    PAIRS ldp, sp, LOST
    ldp x0, x1, [sp]
    add sp, sp, #TRAP_SIZE
    eret
.endm

exception_in_kernel:
    TRAP_IN_KERNEL arm_exception_in_kernel

interrupt_in_kernel:
    TRAP_IN_KERNEL arm_gic_run

fatal:
    TRAP_IN_KERNEL arm_fatal
