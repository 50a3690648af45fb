/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: from the loader to C.
 *
 * The PVH boot protocol (Xen, docs/misc/pvh.pandoc) enters in 32-bit protected
 * mode, flat segments, paging off, interrupts off, ebx = physical address of
 * struct hvm_start_info. Tables made here map the first 4 GiB three times, at
 * 0, in the direct map and (2 GiB of it) where the kernel is linked;
 * boot/x86_64/kernel_half.c replaces them.
 */
#include "power.h"

#include <arch/layout.h>

#define PHYSICAL(symbol) (symbol - LAYOUT_KERNEL)

#define PRESENT_WRITE 0x3
#define PRESENT_WRITE_LARGE 0x83
#define EARLY_PAGES 2048 /* of 2 MiB */

#define CR0_PROTECTION 0x1
#define CR0_WRITE_PROTECT 0x10000
#define CR0_NUMERIC_ERROR 0x20
#define CR0_PAGING 0x80000000
#define CR4_PHYSICAL_EXTENSION 0x20
#define MSR_EFER 0xc0000080
#define EFER_LONG_MODE 0x100
#define EFER_NO_EXECUTE 0x800

#define CPUID_HIGHEST 0x80000000
#define CPUID_EXTENDED 0x80000001
#define EXTENDED_NEEDED (1 << 29 | 1 << 20) /* edx: long mode, pages that are not executable */
#define SERIAL_DATA 0x3f8
#define SERIAL_STATUS 0x3fd
#define SERIAL_ROOM 0x20

#define NOTE_PHYSICAL_ENTRY 18

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, NOTE_PHYSICAL_ENTRY
    .asciz "Xen"
    .quad PHYSICAL(boot_entry)

    .section .text.boot, "ax"
    .code32
    .globl boot_entry
boot_entry:
    cld
    movl %ebx, %ebp
    movl $CPUID_HIGHEST, %eax
    cpuid
    cmpl $CPUID_EXTENDED, %eax
    jb lacking
    movl $CPUID_EXTENDED, %eax
    cpuid
    notl %edx
    testl $EXTENDED_NEEDED, %edx
    jnz lacking
    movl %ebp, %ebx

    movl $PHYSICAL(early_directories), %edi
    movl $PRESENT_WRITE_LARGE, %eax
    xorl %ecx, %ecx
1:  movl %eax, (%edi, %ecx, 8)
    addl $0x200000, %eax
    incl %ecx
    cmpl $EARLY_PAGES, %ecx
    jne 1b

    movl $(PHYSICAL(early_directories) + PRESENT_WRITE), %eax
    movl $PHYSICAL(early_low), %edi
    xorl %ecx, %ecx
2:  movl %eax, (%edi, %ecx, 8)
    addl $0x1000, %eax
    incl %ecx
    cmpl $4, %ecx
    jne 2b

    movl $(PHYSICAL(early_directories) + PRESENT_WRITE), PHYSICAL(early_high) + 510 * 8
    movl $(PHYSICAL(early_directories) + 0x1000 + PRESENT_WRITE), PHYSICAL(early_high) + 511 * 8
    movl $(PHYSICAL(early_low) + PRESENT_WRITE), PHYSICAL(early_root)
    movl $(PHYSICAL(early_low) + PRESENT_WRITE), PHYSICAL(early_root) + 256 * 8
    movl $(PHYSICAL(early_high) + PRESENT_WRITE), PHYSICAL(early_root) + 511 * 8

/* ebx: the loader's structure, or 0 on another CPU than the first. */
    .globl boot_enter_long_mode
boot_enter_long_mode:
    movl $CR4_PHYSICAL_EXTENSION, %eax
    movl %eax, %cr4
    movl $PHYSICAL(early_root), %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $(EFER_LONG_MODE | EFER_NO_EXECUTE), %eax
    wrmsr
    movl $(CR0_PAGING | CR0_WRITE_PROTECT | CR0_NUMERIC_ERROR | CR0_PROTECTION), %eax
    movl %eax, %cr0
    lgdt PHYSICAL(early_segments_pointer)
    ljmp $SELECTOR_KERNEL_CODE, $PHYSICAL(boot_entry_long)

lacking:
    movl $PHYSICAL(lacking_text), %esi
1:  movl $SERIAL_STATUS, %edx
    inb %dx, %al
    testb $SERIAL_ROOM, %al
    jz 1b
    lodsb
    testb %al, %al
    jz 2f
    movl $SERIAL_DATA, %edx
    outb %al, %dx
    jmp 1b
2:  movb $BOOT_POWER_PANIC, %al
    outb %al, $BOOT_POWER_PORT
3:  hlt
    jmp 3b

    .code64
boot_entry_long:
    movabs $boot_entry_high, %rax
    jmp *%rax
boot_entry_high:
    movl $SELECTOR_KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    testl %ebx, %ebx
    jz boot_secondary_high
    leaq boot_stack_top(%rip), %rsp
    movl %ebx, %edi
    xorl %ebp, %ebp
    pushq %rbp
    jmp boot_pvh

    .section .rodata.boot, "a"
    .balign 8
early_segments:
    .quad 0
    .quad 0x00209b0000000000 /* 64-bit code, ring 0 */
    .quad 0x0000930000000000 /* data, ring 0 */
early_segments_pointer:
    .word early_segments_pointer - early_segments - 1
    .quad PHYSICAL(early_segments)

lacking_text:
    .asciz "trellis: cannot boot: the processor lacks 64 bits or non-executable pages\n"

    .section .bss.boot, "aw", @nobits
    .balign 4096
early_root:
    .skip 4096
early_low:
    .skip 4096
early_high:
    .skip 4096
early_directories:
    .skip 4 * 4096

/* The kernel stack of the first CPU. The page below it is not mapped. */
    .globl boot_stack_guard
    .globl boot_stack_top
boot_stack_guard:
    .skip 4096
    .skip 16384
boot_stack_top:
