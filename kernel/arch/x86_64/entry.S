/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: into the kernel and out of it.
 *
 * User registers are saved straight into the current thread, so that nothing on
 * the kernel stack is worth keeping: each entry begins with an empty one, and C
 * ends in x86_return_*, never by returning here. Traps taken in the kernel are
 * the exception; they are interrupts in arch_idle, faults in a copy routine, or
 * bugs.
 */
#include <arch/layout.h>
#include <arch/offsets.h>
#include <trellis/arch/offsets.h>

#define TRAP_VECTORS 256
#define STUB_SIZE 16

.macro EACH operation, registers:vararg
    .irp register, \registers
    \operation %\register
    .endr
.endm

.macro ZERO registers:vararg
    .irp register, \registers
    xorl %\register, %\register
    .endr
.endm

/* What a message call gives up, its words among them. */
.macro SAVE_REST base
    movq %rbx, REGISTER_RBX(\base)
    movq %rdx, REGISTER_RDX(\base)
    movq %r8, REGISTER_R8(\base)
    movq %r9, REGISTER_R9(\base)
    movq %r10, REGISTER_R10(\base)
    movq %r12, REGISTER_R12(\base)
    movq %r13, REGISTER_R13(\base)
    movq %r14, REGISTER_R14(\base)
    movq %r15, REGISTER_R15(\base)
.endm

/* All but rdi, rcx, r11. */
.macro LOAD_REGISTERS base
    movq REGISTER_RAX(\base), %rax
    movq REGISTER_RBX(\base), %rbx
    movq REGISTER_RDX(\base), %rdx
    movq REGISTER_RSI(\base), %rsi
    movq REGISTER_RBP(\base), %rbp
    movq REGISTER_R8(\base), %r8
    movq REGISTER_R9(\base), %r9
    movq REGISTER_R10(\base), %r10
    movq REGISTER_R12(\base), %r12
    movq REGISTER_R13(\base), %r13
    movq REGISTER_R14(\base), %r14
    movq REGISTER_R15(\base), %r15
.endm

    .text
    .code64

/*
 * The syscall instruction: rcx is the pc, r11 the flags, rsp still the user's,
 * interrupts are off. A number below the native ones goes to the library by the
 * short path: four stores and out again.
 */
    .balign 16
    .globl x86_entry_call
x86_entry_call:
    swapgs
    movq %rsp, %gs:CPU_SCRATCH
    cmpl $CALL_BASE, %eax
    jae 1f
    cmpq $0, %gs:CPU_REFLECT
    je 1f
    movq %gs:CPU_FRAME, %rsp
    movq %rcx, REGISTER_PC(%rsp)
    movq %r11, REGISTER_FLAGS(%rsp)
    movq %rax, REGISTER_NUMBER(%rsp)
    movq $0, FRAME_CAUSE(%rsp)
    movq %gs:CPU_SCRATCH, %rcx
    movq %rcx, REGISTER_SP(%rsp)
    movq %gs:CPU_REFLECT, %rcx
    movl $FLAGS_ENTRY, %r11d
    movq %gs:CPU_FRAME_USER, %rsp
    swapgs
    sysretq

1:  movq %gs:CPU_THREAD, %rsp
    movq %rax, REGISTER_RAX(%rsp)
    movq %rcx, REGISTER_PC(%rsp)
    movq %r11, REGISTER_FLAGS(%rsp)
    movq %rsi, REGISTER_RSI(%rsp)
    movq %rdi, REGISTER_RDI(%rsp)
    movq %rbp, REGISTER_RBP(%rsp)
    movq $0, THREAD_FULL(%rsp)
    movq %gs:CPU_SCRATCH, %rcx
    movq %rcx, REGISTER_SP(%rsp)
    cmpl $CALL_MESSAGE, %eax
    je message_call
    cmpl $CALL_ANSWER, %eax
    je message_answer
call_rest:
    SAVE_REST %rsp
    movq %gs:CPU_STACK_TOP, %rsp
    xorl %ebp, %ebp
    pushq %rbp
    jmp trap_call

/*
 * The plain message (kernel/object/ipc_fast.c): the information and four words wait on the
 * stack, four more in registers that C keeps, and go to user mode with the thread that C has
 * given the CPU to. What it is not sent it must not see.
 */
.macro MESSAGE function
    movl %esi, %ecx
    cmpq %rcx, %rsi
    jne 4f
1:  movq %rsp, %rcx
    movq %gs:CPU_STACK_TOP, %rsp
    EACH pushq, rdx, r10, r8, r9, rsi
    movq %rcx, %rsi
    call \function
    EACH popq, rsi, r9, r8, r10, rdx
    testq %rax, %rax
    jz 3f
    btq $MESSAGE_LONG_SHIFT, %rsi
    jc 2f
    ZERO r12d, r13d, r14d, r15d
2:  movq REGISTER_RDI(%rax), %rdi
    movq REGISTER_RBX(%rax), %rbx
    movq REGISTER_RBP(%rax), %rbp
    movq REGISTER_PC(%rax), %rcx
    movq REGISTER_FLAGS(%rax), %r11
    movq REGISTER_SP(%rax), %rsp
    xorl %eax, %eax
    swapgs
    sysretq
3:  movq %gs:CPU_THREAD, %rsp
    jmp call_rest
4:  movq %rsi, %rcx
    shrq $32, %rcx
    cmpl $MESSAGE_LONG_HIGH, %ecx
    je 1b
    jmp call_rest
.endm

message_call:
    MESSAGE ipc_fast_call
message_answer:
    MESSAGE ipc_fast_reply_and_wait

/* To user mode after a call. rdi: the thread. rcx and r11 are lost. */
    .balign 16
    .globl x86_return_call
x86_return_call:
    LOAD_REGISTERS %rdi
    movq REGISTER_PC(%rdi), %rcx
    movq REGISTER_FLAGS(%rdi), %r11
    movq REGISTER_SP(%rdi), %rsp
    movq REGISTER_RDI(%rdi), %rdi
    swapgs
    sysretq

/* To user mode with every register. rdi: the thread. */
    .globl x86_return_full
x86_return_full:
    pushq $SELECTOR_USER_DATA
    pushq REGISTER_SP(%rdi)
    pushq REGISTER_FLAGS(%rdi)
    pushq $SELECTOR_USER_CODE
    pushq REGISTER_PC(%rdi)
    LOAD_REGISTERS %rdi
    movq REGISTER_RCX(%rdi), %rcx
    movq REGISTER_R11(%rdi), %r11
    movq REGISTER_RDI(%rdi), %rdi
    swapgs
    iretq

/* Exceptions and interrupts: one stub per vector, each of STUB_SIZE bytes. */
    .balign STUB_SIZE
    .globl x86_trap_stubs
x86_trap_stubs:
    .set vector, 0
    .rept TRAP_VECTORS
    .balign STUB_SIZE
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
    pushq $0
    .endif
    pushq $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

/* On the stack, upwards: vector, error code, pc, cs, flags, sp, ss. */
trap_common:
    testb $3, 24(%rsp)
    jz trap_in_kernel
    swapgs
    cld
    pushq %rax
    movq %gs:CPU_THREAD, %rax
    movq %rcx, REGISTER_RCX(%rax)
    movq %r11, REGISTER_R11(%rax)
    movq %rsi, REGISTER_RSI(%rax)
    movq %rdi, REGISTER_RDI(%rax)
    movq %rbp, REGISTER_RBP(%rax)
    SAVE_REST %rax
    popq REGISTER_RAX(%rax)
    popq %rdi
    popq %rsi
    popq REGISTER_PC(%rax)
    movq 8(%rsp), %rcx
    movq %rcx, REGISTER_FLAGS(%rax)
    movq 16(%rsp), %rcx
    movq %rcx, REGISTER_SP(%rax)
    movq $1, THREAD_FULL(%rax)
    movq %gs:CPU_STACK_TOP, %rsp
    xorl %ebp, %ebp
    pushq %rbp
    jmp x86_trap_user

/* struct x86_trap; comes back to the pc that C leaves in it. */
trap_in_kernel:
    cld
    EACH pushq, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11, rbp
    movq %rsp, %rdi
    call x86_trap_kernel
    EACH popq, rbp, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
    addq $16, %rsp
    iretq

/*
 * Double fault, machine check and non-maskable interrupt: on a stack of their
 * own, at whose top stands the CPU's struct cpu, because gs may be either
 * side's. Only a panic follows.
 */
.macro FATAL_ENTRY name, number, has_code
    .globl \name
\name:
    .if \has_code == 0
    pushq $0
    .endif
    pushq $\number
    EACH pushq, rax, rcx, rdx
    movl $0xc0000101, %ecx
    movl 80(%rsp), %eax
    movl 84(%rsp), %edx
    wrmsr
    EACH popq, rdx, rcx, rax
    jmp trap_in_kernel
.endm

    FATAL_ENTRY x86_entry_nmi, 2, 0
    FATAL_ENTRY x86_entry_double_fault, 8, 1
    FATAL_ENTRY x86_entry_machine_check, 18, 0
