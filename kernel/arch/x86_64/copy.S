/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Copies to and from user memory, and the kernel's own.
 *
 * A fault on the user's side is resolved and the instruction tried again, or
 * the trap continues at the fixup beside it in .copy_fixups: rcx then holds
 * what is left of the words, or of the bytes.
 */

/* rdi: to, rsi: from, rdx: length. Returns how many bytes were not copied. */
    .text
    .balign 16
    .globl arch_copy_from_user, arch_copy_to_user
arch_copy_from_user:
arch_copy_to_user:
    cmpb $0, x86_has_access_prevention(%rip)
    je 1f
    stac
1:  movq %rdx, %rcx
    shrq $3, %rcx
    andl $7, %edx
2:  rep movsq
    movl %edx, %ecx
3:  rep movsb
4:  cmpb $0, x86_has_access_prevention(%rip)
    je 5f
    clac
5:  movq %rcx, %rax
    ret
6:  leaq (%rdx, %rcx, 8), %rcx
    jmp 4b

    .section .copy_fixups, "a"
    .balign 8
    .quad 2b, 6b
    .quad 3b, 4b

    .text
    .balign 16
    .globl memcpy
memcpy:
    movq %rdi, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    andl $7, %edx
    rep movsq
    movl %edx, %ecx
    rep movsb
    ret

    .balign 16
    .globl memset
memset:
    movq %rdi, %r8
    movzbl %sil, %eax
    movabsq $0x0101010101010101, %rcx
    imulq %rcx, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    andl $7, %edx
    rep stosq
    movl %edx, %ecx
    rep stosb
    movq %r8, %rax
    ret
