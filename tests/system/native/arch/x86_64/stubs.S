/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* stubs.h says what each is. */
#include <trellis/arch/offsets.h>

#define FUNCTION(name) .globl name; .type name, @function; name:
#define LABEL(name) .globl name; name:

    .section .text.stubs, "ax"

FUNCTION(stub_thread_entry)
    xorl %ebp, %ebp
    andq $-16, %rsp
    call test_thread_main
    ud2

FUNCTION(stub_call)
    movq %rdi, %rax
    movq %rsp, %r8
    movq $0x1234, %rdi
    movq $0x5678, %rsi
    syscall
    cmpq %rsp, %r8
    jne 1f
    cmpq $0x1234, %rdi
    jne 1f
    cmpq $0x5678, %rsi
    jne 1f
    ret
1:  movq %r8, %rsp
    movq $-1, %rax
    ret

FUNCTION(stub_load)
    movq (%rdi), %rax
LABEL(stub_load_after)
    ret

LABEL(stub_text_low)

FUNCTION(stub_reflect)
    movq REGISTER_NUMBER(%rsp), %rax
    incq %rax
    movq REGISTER_PC(%rsp), %rcx
    movq REGISTER_SP(%rsp), %rsp
    jmp *%rcx

FUNCTION(stub_interrupt)
FUNCTION(stub_fault)
    movq %rsp, %rdi
    movq FRAME_STACK_TOP(%rdi), %rsp
    xorl %ebp, %ebp
    call *stub_entered(%rip)
    ud2

FUNCTION(stub_copy)
    movq %rdx, %rcx
LABEL(stub_copy_low)
    rep movsb
LABEL(stub_copy_high)
    xorl %eax, %eax
    ret
FUNCTION(stub_copy_resume)
    movl $1, %eax
    ret

FUNCTION(stub_spin)
    pushq %r12
    movq %rsp, %r12
LABEL(stub_restart_low)
1:  cmpl $0, (%rdi)
    je 1b
LABEL(stub_restart_high)
    xorl %eax, %eax
2:  popq %r12
    ret
FUNCTION(stub_restart_entry)
    movq %r12, %rsp
    movl $1, %eax
    jmp 2b

LABEL(stub_text_high)

    .section .note.GNU-stack, "", @progbits
