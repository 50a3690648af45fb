/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Entry by the Linux boot protocol of AArch64 ("Booting AArch64 Linux"): a flat
 * image with a header, anywhere in RAM but 2 MiB aligned, translation off, the
 * device tree's physical address in x0, at EL2 or EL1.
 *
 * The early tables show the image at its linked address, the gigabytes of image
 * and tree in the direct map, and the image's gigabyte where it is, so that
 * translation can be turned on under the running code.
 */
#include <arch/layout.h>

/* Block and table descriptors (Arm ARM, VMSAv8-64). */
#define TABLE 0x3
#define BLOCK_NORMAL 0x701 /* accessed, inner shareable, index 0 */
#define BLOCK_NO_EXECUTE (3 << 53)
#define EARLY_IMAGE_BLOCKS 16 /* of 2 MiB */

/* MAIR_EL1: 0 normal memory, written back; 1 device, early acknowledgement. */
#define MEMORY_ATTRIBUTES 0x04ff
/* TCR_EL1: 48-bit addresses and 4 KiB pages in both halves, walks cached, top byte ignored below. */
#define TRANSLATION 0x20b5103510
#define TRANSLATION_WIDE_IDENTIFIERS (1 << 36)
/* SCTLR_EL1 with translation and caches; arch_cpu_init says the rest. */
#define CONTROL_OFF 0x30d00800
#define CONTROL_ON (CONTROL_OFF | 0x1005)

#define HYPERVISOR_CONTROL 0x30080000000 /* HCR_EL2: EL1 is AArch64, its pointer authentication its own */
#define HYPERVISOR_TRAPS 0x33ff          /* CPTR_EL2: none of floating point */
#define STATE_EL1 0x3c5                  /* SPSR: EL1 with its own stack, all masked */

    .section .text.boot, "ax"
    .globl boot_header
boot_header:
    b boot_entry
    .long 0
    .quad 0                 /* offset from a 2 MiB boundary */
    .quad image_memory_size
    .quad 0xa               /* little endian, 4 KiB pages, anywhere */
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0

boot_entry:
    mov x20, x0
    bl leave_el2
    ldr x0, =boot_vectors
    msr vbar_el1, x0
    bl build_early_tables
    adrp x21, early_high
    ldr x22, =boot_entry_high
    b translate

boot_entry_high:
    adrp x0, boot_stack_top
    add x0, x0, :lo12:boot_stack_top
    mov sp, x0
    ldr x1, =image_loaded_end
    ldr x2, =image_zeroed_end
1:  cmp x1, x2
    b.hs 2f
    stp xzr, xzr, [x1], #16
    b 1b
2:  mov x29, xzr
    mov x30, xzr
    mov x0, x20
    mov x1, x23
    b boot_image

/* Another CPU, by PSCI: x0 is the top of its stack, where its struct cpu is. */
    .globl boot_secondary_entry
boot_secondary_entry:
    mov x20, x0
    bl leave_el2
    adrp x21, boot_root
    ldr x21, [x21, :lo12:boot_root]
    ldr x22, =boot_secondary_high
    b translate

boot_secondary_high:
    sub sp, x20, #16
    ldr x0, [sp]
    mov x29, xzr
    mov x30, xzr
    b boot_secondary_main

/* With EL2 there is nobody above to make EL1's time and interrupts its own. */
leave_el2:
    mrs x0, CurrentEL
    cmp x0, #(2 << 2)
    b.ne 1f
    ldr x0, =HYPERVISOR_CONTROL
    msr hcr_el2, x0
    mov x0, #3 /* physical counter and timer */
    msr cnthctl_el2, x0
    msr cntvoff_el2, xzr
    mov x0, #HYPERVISOR_TRAPS
    msr cptr_el2, x0
    msr hstr_el2, xzr
    msr mdcr_el2, xzr
    msr vttbr_el2, xzr
    mrs x0, midr_el1
    msr vpidr_el2, x0
    mrs x0, mpidr_el1
    msr vmpidr_el2, x0
    mrs x0, id_aa64pfr0_el1
    ubfx x0, x0, #24, #4
    cbz x0, 2f
    mov x0, #0xf
    msr s3_4_c12_c9_5, x0 /* ICC_SRE_EL2: EL1 has the system registers of GICv3 */
    isb
2:  ldr x0, =CONTROL_OFF
    msr sctlr_el1, x0
    mov x0, #STATE_EL1
    msr spsr_el2, x0
    msr elr_el2, x30
    eret
1:  ldr x0, =CONTROL_OFF
    msr sctlr_el1, x0
    isb
    ret

/* x20: the tree. x23 becomes the image's physical address. x0 to x6 are lost. */
build_early_tables:
    adrp x0, early_tables
    adrp x1, early_tables_end
1:  stp xzr, xzr, [x0], #16
    cmp x0, x1
    b.lo 1b

    adrp x23, image_start
    mov x5, #BLOCK_NORMAL
    and x2, x23, #~0x3fffffff
    orr x2, x2, x5
    ubfx x3, x23, #30, #9
    adrp x0, early_same_blocks
    str x2, [x0, x3, lsl #3]
    orr x1, x0, #TABLE
    adrp x0, early_same
    ubfx x4, x23, #39, #9
    str x1, [x0, x4, lsl #3]

    adrp x0, early_direct
    ldr x6, =BLOCK_NO_EXECUTE
    orr x5, x5, x6
    orr x2, x2, x6
    str x2, [x0, x3, lsl #3]
    ubfx x3, x20, #30, #9
    lsl x2, x3, #30
    orr x2, x2, x5
    str x2, [x0, x3, lsl #3]
    add x3, x20, #0x200, lsl #12
    ubfx x3, x3, #30, #9
    lsl x2, x3, #30
    orr x2, x2, x5
    str x2, [x0, x3, lsl #3]
    orr x1, x0, #TABLE
    adrp x0, early_high
    str x1, [x0]

    adrp x1, early_kernel
    orr x2, x1, #TABLE
    str x2, [x0, #511 * 8]
    adrp x2, early_image
    orr x3, x2, #TABLE
    str x3, [x1, #510 * 8]
    mov x3, #BLOCK_NORMAL
    orr x3, x3, x23
    mov x4, #EARLY_IMAGE_BLOCKS
2:  str x3, [x2], #8
    add x3, x3, #0x200, lsl #12
    subs x4, x4, #1
    b.ne 2b

    adrp x0, early_tables
    adrp x1, early_tables_end
    dmb sy
3:  dc ivac, x0 /* lines that were there before, from when the caches were on */
    add x0, x0, #16
    cmp x0, x1
    b.lo 3b
    dsb sy
    ret

/* x21: the tables of the kernel's half, x22: where to go on. x0 to x2 are lost. */
translate:
    ldr x0, =MEMORY_ATTRIBUTES
    msr mair_el1, x0
    ldr x0, =TRANSLATION
    mrs x1, id_aa64mmfr0_el1
    and x2, x1, #0xf
    cmp x2, #5 /* 48 bits */
    b.ls 1f
    mov x2, #5
1:  orr x0, x0, x2, lsl #32
    ubfx x2, x1, #4, #4
    cbz x2, 2f
    orr x0, x0, #TRANSLATION_WIDE_IDENTIFIERS
2:  msr tcr_el1, x0
    adrp x0, early_same
    msr ttbr0_el1, x0
    msr ttbr1_el1, x21
    isb
    tlbi vmalle1
    ic iallu
    dsb nsh
    isb
    ldr x0, =CONTROL_ON
    msr sctlr_el1, x0
    isb
    br x22

    .ltorg

/* Whatever happens before the kernel has its own is the end. */
    .balign 2048
boot_vectors:
    .rept 16
    wfi
    b . - 4
    .balign 128
    .endr

    .section .boot_pages, "aw", @nobits
    .balign 4096
    .globl early_direct
early_tables:
early_same:
    .skip 4096
early_same_blocks:
    .skip 4096
early_high:
    .skip 4096
early_direct:
    .skip 4096
early_kernel:
    .skip 4096
early_image:
    .skip 4096
early_tables_end:

/* The kernel stack of the first CPU. The page below it is not mapped. */
    .globl boot_stack_guard
    .globl boot_stack_top
boot_stack_guard:
    .skip 4096
    .skip 16384
boot_stack_top:
