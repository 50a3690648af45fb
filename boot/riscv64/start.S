/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: from the firmware to C.
 *
 * The firmware (SBI 1.0, section 9.1) enters in supervisor mode, translation and
 * interrupts off, a0 = the hart's id, a1 = physical address of the device tree. All harts
 * enter here, the first to boot and the others when they are started. Tables
 * made here map RAM twice, by pages of 1 GiB: the direct map, and where the kernel is
 * linked. The instruction that loads them is the last at its physical address: the
 * next one faults, and goes on at the address in stvec. boot/riscv64/kernel_half.c
 * replaces them.
 */
#include <arch/layout.h>

#define ENTRY_ALL 0xef  /* valid, readable, writable, executable, global, accessed, dirty */
#define ENTRY_DATA 0xe7 /* the same, not executable */
#define ENTRY_GIGABYTE 0x10000000
#define SATP_SV39 8
#define HART_COMES -2
#define SBI_PUT_CHARACTER 0x01 /* legacy; no function number */
#define SBI_RESET 0x53525354
#define SBI_SHUT_DOWN 0
#define DIRECT_ENTRIES 128
#define TOP_INDEX(address) (((address) >> 30) & 511)

/* Load tables by the physical address of their root, and go on where the kernel is linked. */
.macro TRANSLATE root
    li t1, LAYOUT_KERNEL
    lla t2, 9f
    add t2, t2, t1
    csrw stvec, t2
    srli \root, \root, 12
    li t1, SATP_SV39 << 60
    or \root, \root, t1
    sfence.vma
    csrw satp, \root
    j boot_untranslated /* comes here only if that changed nothing */
    .balign 4
9:  lla t1, boot_trap
    csrw stvec, t1
.endm

/* No frame is before this one, and no CPU is known. */
.macro OUTERMOST
    li s0, 0
    li ra, 0
    li tp, 0
.endm

    .section .text.boot, "ax"
    .balign 4
    .globl boot_entry
boot_entry:
    csrw sie, zero
    lla t0, boot_begun
    li t1, 1
    amoswap.w t1, t1, (t0)
    bnez t1, boot_secondary
    lla t0, early_root
    li t1, ENTRY_DATA
    li t2, DIRECT_ENTRIES
    li t3, ENTRY_GIGABYTE
    li t4, TOP_INDEX(LAYOUT_DIRECT_MAP) * 8
    add t4, t4, t0
1:  sd t1, 0(t4)
    add t1, t1, t3
    addi t4, t4, 8
    addi t2, t2, -1
    bnez t2, 1b

    lla t1, boot_entry
    srli t1, t1, 30
    slli t1, t1, 28
    ori t1, t1, ENTRY_ALL
    li t4, TOP_INDEX(LAYOUT_IMAGE) * 8
    add t4, t4, t0
    sd t1, 0(t4)

    TRANSLATE t0
    lla sp, boot_stack_top
    OUTERMOST
    tail boot_main

/* Another CPU, a0: its id. It goes on if it is the one awaited (boot/riscv64/secondary.c), which it is once. */
boot_secondary:
    lla t0, boot_awaited
    li t2, HART_COMES
1:  lr.d.aq t1, (t0)
    bne t1, a0, boot_trap
    sc.d t1, t2, (t0)
    bnez t1, 1b
    ld t0, boot_secondary_root
    TRANSLATE t0
    ld sp, boot_secondary_stack
    ld a0, 0(sp)
    OUTERMOST
    tail boot_secondary_main

    .balign 4
boot_trap:
    wfi
    j boot_trap

/* Without Sv39 there is no place for the kernel: only the firmware can still be asked for anything. */
boot_untranslated:
    lla s0, untranslated_text
1:  lbu a0, 0(s0)
    beqz a0, 2f
    li a7, SBI_PUT_CHARACTER
    ecall
    addi s0, s0, 1
    j 1b
2:  li a7, SBI_RESET
    li a6, 0
    li a0, SBI_SHUT_DOWN
    li a1, 0
    ecall
    j boot_trap

    .section .rodata.boot, "a"
untranslated_text:
    .asciz "trellis: cannot boot: the processor lacks Sv39 translation\n"

    .section .data.boot, "aw"
    .balign 4
boot_begun: /* by the first CPU */
    .word 0

    .section .bss.boot, "aw", @nobits
    .balign 4096
early_root:
    .skip 4096

/* The kernel stack of the first CPU. The page below it is not mapped. */
    .globl boot_stack_guard
    .globl boot_stack_top
boot_stack_guard:
    .skip 4096
    .skip KERNEL_STACK_SIZE
boot_stack_top:
