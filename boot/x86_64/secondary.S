/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: where another CPU comes in.
 *
 * A startup interrupt makes it run in real mode from a page below 1 MiB
 * (Intel SDM volume 3, section 8.4): what is between boot_secondary_code and its
 * end, which the kernel copies there. The rest of the way is start.S, with ebx 0.
 */
#include <arch/layout.h>

#define PHYSICAL(symbol) (symbol - LAYOUT_KERNEL)

#define CR0_PROTECTION 0x1
#define EARLY_CODE 0x08
#define EARLY_DATA 0x10

    .section .text.boot, "ax"
    .code16
    .globl boot_secondary_code
boot_secondary_code:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl flat_segments_pointer - boot_secondary_code
    movl $CR0_PROTECTION, %eax
    movl %eax, %cr0
    ljmpl $EARLY_CODE, $PHYSICAL(flat_entry)

    .balign 8
flat_segments:
    .quad 0
    .quad 0x00cf9b000000ffff /* 32-bit code, ring 0, all of 4 GiB */
    .quad 0x00cf93000000ffff /* data, the same */
flat_segments_pointer:
    .word flat_segments_pointer - flat_segments - 1
    .long LAYOUT_STARTUP + flat_segments - boot_secondary_code
    .globl boot_secondary_code_end
boot_secondary_code_end:

    .code32
flat_entry:
    movl $EARLY_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %ebx, %ebx
    jmp boot_enter_long_mode

/* On no stack yet: the kernel's tables first, for the stack is mapped only there. */
    .code64
    .globl boot_secondary_high
boot_secondary_high:
    movq boot_secondary_root(%rip), %rax
    movq %rax, %cr3
    movq boot_secondary_stack(%rip), %rsp
    movq boot_secondary_cpu(%rip), %rdi
    xorl %ebp, %ebp
    pushq %rbp
    jmp boot_secondary_main
