/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: where the kernel enters the library, and the way back.
 *
 * The kernel enters with the frame's address in rsp. A reflected call has lost
 * rcx and r11 and finds pc, sp, flags and rax in the frame; the other registers
 * are the program's still. Nothing is pushed on the program's stack.
 *
 * The way back from a call is a restartable range: it looks at the interrupt
 * mark and loads the registers from the frame, which it does not change. A
 * thread that is marked within it begins at arch_restart, with the frame in rsp.
 */
#include <trellis/arch/offsets.h>

    .section .text.entry, "ax"
    .balign 16
    .globl arch_reflect
arch_reflect:
    movq %rbx, REGISTER_RBX(%rsp)
    movq %rdx, REGISTER_RDX(%rsp)
    movq %rsi, REGISTER_RSI(%rsp)
    movq %rdi, REGISTER_RDI(%rsp)
    movq %rbp, REGISTER_RBP(%rsp)
    movq %r8, REGISTER_R8(%rsp)
    movq %r9, REGISTER_R9(%rsp)
    movq %r10, REGISTER_R10(%rsp)
    movq %r12, REGISTER_R12(%rsp)
    movq %r13, REGISTER_R13(%rsp)
    movq %r14, REGISTER_R14(%rsp)
    movq %r15, REGISTER_R15(%rsp)
    movq %rax, REGISTER_RAX(%rsp)
    movq REGISTER_PC(%rsp), %rcx
    movq %rcx, REGISTER_RCX(%rsp)
    movq REGISTER_FLAGS(%rsp), %rcx
    movq %rcx, REGISTER_R11(%rsp)
    movq %rsp, %rbx
    movq %rsp, %rdi
    movq FRAME_STACK_TOP(%rsp), %rsp
    xorl %ebp, %ebp
    call call_enter

/* rbx: the frame; eax: whether every register is to be loaded. */
leave:
    testl %eax, %eax
    jnz load_all
    .globl arch_restart_low
arch_restart_low:
    cmpq $0, FRAME_INTERRUPTED(%rbx)
    jne restart
    movq %rbx, %rsp
    movq REGISTER_RAX(%rsp), %rax
    movq REGISTER_RBX(%rsp), %rbx
    movq REGISTER_RDX(%rsp), %rdx
    movq REGISTER_RSI(%rsp), %rsi
    movq REGISTER_RDI(%rsp), %rdi
    movq REGISTER_RBP(%rsp), %rbp
    movq REGISTER_R8(%rsp), %r8
    movq REGISTER_R9(%rsp), %r9
    movq REGISTER_R10(%rsp), %r10
    movq REGISTER_R12(%rsp), %r12
    movq REGISTER_R13(%rsp), %r13
    movq REGISTER_R14(%rsp), %r14
    movq REGISTER_R15(%rsp), %r15
    movq REGISTER_PC(%rsp), %rcx
    movq REGISTER_FLAGS(%rsp), %r11
    leaq REGISTER_FLAGS(%rsp), %rsp
    popfq
    movq (REGISTER_SP - REGISTER_FLAGS - 8)(%rsp), %rsp
    jmp *%rcx
    .globl arch_restart_high
arch_restart_high:

    .globl arch_restart
arch_restart:
    movq %rsp, %rbx
restart:
    movq %rbx, %rdi
    movq FRAME_STACK_TOP(%rbx), %rsp
    xorl %ebp, %ebp
    call call_restart
    jmp leave

    .globl arch_interrupt
arch_interrupt:
    movq %rsp, %rbx
    movq %rsp, %rdi
    movq FRAME_STACK_TOP(%rsp), %rsp
    xorl %ebp, %ebp
    call call_interrupted
    jmp load_all

    .globl arch_fault
arch_fault:
    movq %rsp, %rbx
    movq %rsp, %rdi
    movq FRAME_STACK_TOP(%rsp), %rsp
    xorl %ebp, %ebp
    call call_faulted

load_all:
    movl arch_number_frame_resume(%rip), %eax
    syscall
    ud2

    .globl arch_enter_program
arch_enter_program:
    jmp load_all

/* rdi: stack, rsi: function, rdx: its argument. */
    .globl arch_run_on_stack
arch_run_on_stack:
    movq %rdi, %rsp
    movq %rdx, %rdi
    xorl %ebp, %ebp
    call *%rsi
    ud2

/* rdi: the word that says the stack is free, rsi: the program's word to clear. */
    .globl arch_thread_vanish
arch_thread_vanish:
    movl arch_number_thread_end(%rip), %eax
    xorl %edx, %edx
    movl $1, (%rdi)
    xorl %edi, %edi
    syscall
    ud2

/* The first thread. rdi: the start block, rsi: the frame. */
    .globl arch_start
arch_start:
    leaq first_stack_top(%rip), %rsp
    stmxcsr -8(%rsp) /* from its first use on a thread has vector state; in QEMU xsave is none */
    xorl %ebp, %ebp
    call start_library
    ud2

/* A thread that clone made, on its own stack. rdi: its task, rsi: the frame. */
    .globl arch_task_start
arch_task_start:
    stmxcsr -8(%rsp)
    xorl %ebp, %ebp
    call clone_begin
    ud2

    .bss
    .balign 16
    .skip 0x4000
first_stack_top:
