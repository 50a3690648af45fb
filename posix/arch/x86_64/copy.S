/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: access to the program's memory.
 *
 * A fault between arch_copy_low and arch_copy_high continues at arch_copy_resume
 * with all registers as they were: what is left is then rcx << r8 plus rdx. The
 * routines run into it, with rcx and rdx zero, when they are done.
 */
    .section .text.copy, "ax"
    .balign 16
    .globl arch_copy_low
arch_copy_low:

/* rdi: to, rsi: from, rdx: size. */
    .globl arch_copy
arch_copy:
    movq %rdx, %rcx
    shrq $3, %rcx
    andl $7, %edx
    movl $3, %r8d
    rep movsq
    movl %edx, %ecx
    xorl %edx, %edx
    xorl %r8d, %r8d
    rep movsb
    jmp arch_copy_resume

/* rdi: to, rsi: size. */
    .globl arch_zero
arch_zero:
    xorl %eax, %eax
    movq %rsi, %rdx
    movq %rsi, %rcx
    shrq $3, %rcx
    andl $7, %edx
    movl $3, %r8d
    rep stosq
    movl %edx, %ecx
    xorl %edx, %edx
    xorl %r8d, %r8d
    rep stosb
    jmp arch_copy_resume

/* rdi: from, rsi: the library's word. */
    .globl arch_load_word
arch_load_word:
    movl $1, %ecx
    xorl %edx, %edx
    xorl %r8d, %r8d
    movl (%rdi), %eax
    movl %eax, (%rsi)
    xorl %ecx, %ecx
    jmp arch_copy_resume

/* rdi: at, rsi: the library's word, edx: desired. */
    .globl arch_exchange_word
arch_exchange_word:
    movl %edx, %r9d
    movl $1, %ecx
    xorl %edx, %edx
    xorl %r8d, %r8d
    movl (%rsi), %eax
    lock cmpxchgl %r9d, (%rdi)
    movl %eax, (%rsi)
    xorl %ecx, %ecx
    jmp arch_copy_resume

/*
 * rdi: an area of the program, esi: components (0: FXSAVE).
 */
    .globl x86_save_vector
x86_save_vector:
    movl $1, %ecx
    xorl %edx, %edx
    xorl %r8d, %r8d
    movl %esi, %eax
    testl %eax, %eax
    jz 1f
    xsave64 (%rdi)
    jmp 2f
1:  fxsave64 (%rdi)
2:  xorl %ecx, %ecx
    jmp arch_copy_resume

    .globl x86_load_vector
x86_load_vector:
    movl $1, %ecx
    xorl %edx, %edx
    xorl %r8d, %r8d
    movl %esi, %eax
    testl %eax, %eax
    jz 1f
    xrstor64 (%rdi)
    jmp 2f
1:  fxrstor64 (%rdi)
2:  xorl %ecx, %ecx

    .globl arch_copy_high
arch_copy_high:
    .globl arch_copy_resume
arch_copy_resume:
    movq %rcx, %rax
    movl %r8d, %ecx
    shlq %cl, %rax
    addq %rdx, %rax
    ret
