/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: into the kernel and out of it.
 *
 * User registers are saved straight into the current thread, so that nothing on
 * the kernel stack is worth keeping: each entry begins with an empty one, and C
 * ends in riscv_return_*, never by returning here. Traps taken in the kernel are
 * the exception; they are interrupts in arch_idle, faults in a copy routine, or
 * bugs. sret leaves sstatus.SPP at user mode, so that it says so on every way out.
 */
#include <arch/layout.h>
#include <arch/offsets.h>
#include <trellis/arch/offsets.h>

#define CALL_SHIFT 12               /* there are no more than 4096 native calls */
#define MESSAGE_SIZE REGISTER_X(16) /* on the stack: a1 to a5 */

.macro EACH operation, base, registers:vararg
    .irp n, \registers
    \operation x\n, REGISTER_X(\n)(\base)
    .endr
.endm

.macro EACH_ZERO registers:vararg
    .irp n, \registers
    li x\n, 0
    .endr
.endm

/* Kept by calls, and the handle, the information and the words of a message. */
#define KEPT 1, 2, 3, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
#define KEPT_BY_MESSAGE 1, 2, 3, 8, 9, 22, 23, 24, 25, 26, 27
#define ARGUMENTS 11, 12, 13, 14, 15, 17

/* What a call and a trap both save in the thread at t0; the pc is so far behind the instruction. */
.macro INTO_KERNEL full, behind
    EACH sd, t0, KEPT
    EACH sd, t0, 10, ARGUMENTS
    csrrw t1, sscratch, zero
    sd t1, REGISTER_X(4)(t0)
    csrr t1, sepc
    addi t1, t1, \behind
    sd t1, REGISTER_PC(t0)
    sd \full, THREAD_FULL(t0)
    ld sp, CPU_STACK_TOP(tp)
    li s0, 0
    li ra, 0
.endm

    .text
    .balign 4
    .globl riscv_entry
riscv_entry:
    csrrw tp, sscratch, tp
    beqz tp, trap_in_kernel
    sd t0, CPU_SCRATCH(tp)
    csrr t0, scause
    addi t0, t0, -CAUSE_CALL
    bnez t0, trap_in_user
    li t0, CALL_BASE
    xor t0, a7, t0
    srli t0, t0, CALL_SHIFT
    beqz t0, call_native

/* A number that is not native goes to the library: four stores and out again. */
    ld t0, CPU_FRAME(tp)
    beqz t0, call_slow
    sd sp, REGISTER_SP(t0)
    sd a7, REGISTER_NUMBER(t0)
    sd zero, FRAME_CAUSE(t0)
    csrr sp, sepc
    addi sp, sp, 4
    sd sp, REGISTER_PC(t0)
    ld sp, CPU_REFLECT(tp)
    csrw sepc, sp
    ld sp, CPU_FRAME_USER(tp)
    ld t0, CPU_SCRATCH(tp)
    csrrw tp, sscratch, tp
    sret

call_native:
    li t0, CALL_MESSAGE
    beq a7, t0, message_call
    addi t0, t0, CALL_ANSWER - CALL_MESSAGE
    beq a7, t0, message_answer
    addi t0, t0, CALL_RESUME - CALL_ANSWER
    beq a7, t0, 2f
call_slow:
    ld t0, CPU_THREAD(tp)
    INTO_KERNEL zero, 4
    tail trap_call

/* To user mode after a call. a0: the thread. What a call loses must not tell of the kernel. */
    .globl riscv_return_call
riscv_return_call:
    csrw sscratch, tp
    ld t0, REGISTER_PC(a0)
    csrw sepc, t0
    EACH ld, a0, KEPT
    EACH ld, a0, 4, 16, ARGUMENTS, 10
    EACH_ZERO 5, 6, 7, 28, 29, 30, 31
    sret

/*
 * frame_resume: the frame has the registers as a thread has them. A pc that is not
 * the user's, or no frame, is for the slow way to refuse.
 */
2:  ld t2, CPU_FRAME(tp)
    beqz t2, call_slow
    ld t0, REGISTER_PC(t2)
    srli t0, t0, USER_END_SHIFT
    sltiu t0, t0, USER_END_TOP
    beqz t0, call_slow
    mv a0, t2

/* To user mode with every register. a0: the thread. */
    .globl riscv_return_full
riscv_return_full:
    csrw sscratch, tp
    ld t0, REGISTER_PC(a0)
    csrw sepc, t0
    EACH ld, a0, KEPT
    EACH ld, a0, 4, 16, ARGUMENTS, 5, 6, 7, 28, 29, 30, 31, 10
    sret

/*
 * The plain message (kernel/object/ipc_fast.c): the information and four words wait on the
 * stack, four more in registers that C keeps, and go to user mode with the thread that C has
 * given the CPU to. What it is not sent it must not see.
 */
.macro MESSAGE function
    srli t1, a1, 32
    bnez t1, 2f
1:  ld t0, CPU_THREAD(tp)
    EACH sd, t0, KEPT_BY_MESSAGE
    EACH sd, t0, 10, 11, 17
    csrrw t1, sscratch, zero
    sd t1, REGISTER_X(4)(t0)
    csrr t1, sepc
    addi t1, t1, 4
    sd t1, REGISTER_PC(t0)
    sd zero, THREAD_FULL(t0)
    ld sp, CPU_STACK_TOP(tp)
    addi sp, sp, -MESSAGE_SIZE
    EACH sd, sp, 11, 12, 13, 14, 15
    mv a1, t0
    call \function
    EACH ld, sp, 11, 12, 13, 14, 15
    beqz a0, 3f
    csrw sscratch, tp
    ld t0, REGISTER_PC(a0)
    csrw sepc, t0
    EACH ld, a0, KEPT_BY_MESSAGE
    EACH ld, a0, 4, 16, 17
    srli t0, a1, 32
    bnez t0, 4f
    EACH_ZERO 18, 19, 20, 21
4:  EACH_ZERO 5, 6, 7, 28, 29, 30, 31, 10
    sret
2:  addi t1, t1, -MESSAGE_LONG_HIGH
    beqz t1, 1b
    j call_slow
3:  ld t0, CPU_THREAD(tp)
    ld t1, REGISTER_X(4)(t0)
    csrw sscratch, t1
    EACH ld, t0, 1, 2, 10, 17
    j call_slow
.endm

message_call:
    MESSAGE ipc_fast_call
message_answer:
    MESSAGE ipc_fast_reply_and_wait

trap_in_user:
    ld t0, CPU_THREAD(tp)
    EACH sd, t0, 6, 7, 16, 28, 29, 30, 31
    ld t1, CPU_SCRATCH(tp)
    sd t1, REGISTER_X(5)(t0)
    INTO_KERNEL tp, 0
    tail riscv_trap_user

/*
 * struct riscv_trap on the stack; comes back to the pc that C leaves in it. With
 * the stack full, on another: C then finds a fault in the page below.
 */
trap_in_kernel:
    csrrw tp, sscratch, tp
    sd t0, CPU_SCRATCH(tp)
    sd t1, CPU_SCRATCH + 8(tp)
    ld t0, CPU_STACK_TOP(tp)
    addi t0, t0, -1
    sub t0, t0, sp
    srli t0, t0, KERNEL_STACK_SHIFT
    mv t1, sp
    beqz t0, 1f
    lla sp, riscv_last_stack + LAST_STACK_SIZE
1:  addi sp, sp, -TRAP_SIZE
    sd t1, REGISTER_SP(sp)
    ld t0, CPU_SCRATCH(tp)
    ld t1, CPU_SCRATCH + 8(tp)
    EACH sd, sp, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20
    EACH sd, sp, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    csrr t0, sepc
    sd t0, REGISTER_PC(sp)
    csrr t0, sstatus
    sd t0, TRAP_STATUS(sp)
    mv a0, sp
    call riscv_trap_kernel
    ld t0, REGISTER_PC(sp)
    csrw sepc, t0
    ld t0, TRAP_STATUS(sp)
    csrw sstatus, t0
    EACH ld, sp, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20
    EACH ld, sp, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    addi sp, sp, TRAP_SIZE
    sret
