/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: access to the program's memory.
 *
 * A fault between arch_copy_low and arch_copy_high continues at arch_copy_resume
 * with all registers as they were: what is left is in x2, which therefore becomes
 * less only after a store. The routines run into it, with 0 there, when they are done.
 */
    .section .text.copy, "ax"
    .arch_extension fp
    .arch_extension simd
    .balign 16
    .globl arch_copy_low
arch_copy_low:

/* x0: to, x1: from, x2: size. */
    .globl arch_copy
arch_copy:
    cmp x2, #16
    b.lo 2f
1:  ldp x3, x4, [x1], #16
    stp x3, x4, [x0], #16
    sub x2, x2, #16
    cmp x2, #16
    b.hs 1b
2:  cbz x2, arch_copy_resume
3:  ldrb w3, [x1], #1
    strb w3, [x0], #1
    sub x2, x2, #1
    cbnz x2, 3b
    b arch_copy_resume

/* x0: to, x1: size. */
    .globl arch_zero
arch_zero:
    mov x2, x1
    cmp x2, #16
    b.lo 2f
1:  stp xzr, xzr, [x0], #16
    sub x2, x2, #16
    cmp x2, #16
    b.hs 1b
2:  cbz x2, arch_copy_resume
3:  strb wzr, [x0], #1
    sub x2, x2, #1
    cbnz x2, 3b
    b arch_copy_resume

/* x0: from, x1: the library's word. */
    .globl arch_load_word
arch_load_word:
    mov x2, #1
    ldr w3, [x0]
    str w3, [x1]
    mov x2, #0
    b arch_copy_resume

/* x0: at, x1: the library's word, w2: desired. */
    .globl arch_exchange_word
arch_exchange_word:
    mov w5, w2
    mov x2, #1
    ldr w3, [x1]
1:  ldaxr w4, [x0]
    cmp w4, w3
    b.ne 2f
    stlxr w6, w5, [x0]
    cbnz w6, 1b
2:  str w4, [x1]
    mov x2, #0
    b arch_copy_resume

/* x0: struct fpsimd_context of the program. Its status registers, then v0 to v31. */
#define FPSR 8
#define FPCR 12
#define VECTORS 16
    .globl aarch64_save_vector
aarch64_save_vector:
    mov x2, #1
    mrs x3, fpsr
    mrs x4, fpcr
    str w3, [x0, #FPSR]
    str w4, [x0, #FPCR]
    add x0, x0, #VECTORS
    stp q0, q1, [x0, #0]
    stp q2, q3, [x0, #32]
    stp q4, q5, [x0, #64]
    stp q6, q7, [x0, #96]
    stp q8, q9, [x0, #128]
    stp q10, q11, [x0, #160]
    stp q12, q13, [x0, #192]
    stp q14, q15, [x0, #224]
    stp q16, q17, [x0, #256]
    stp q18, q19, [x0, #288]
    stp q20, q21, [x0, #320]
    stp q22, q23, [x0, #352]
    stp q24, q25, [x0, #384]
    stp q26, q27, [x0, #416]
    stp q28, q29, [x0, #448]
    stp q30, q31, [x0, #480]
    mov x2, #0
    b arch_copy_resume

    .globl aarch64_load_vector
aarch64_load_vector:
    mov x2, #1
    ldr w3, [x0, #FPSR]
    ldr w4, [x0, #FPCR]
    msr fpsr, x3
    msr fpcr, x4
    add x0, x0, #VECTORS
    ldp q0, q1, [x0, #0]
    ldp q2, q3, [x0, #32]
    ldp q4, q5, [x0, #64]
    ldp q6, q7, [x0, #96]
    ldp q8, q9, [x0, #128]
    ldp q10, q11, [x0, #160]
    ldp q12, q13, [x0, #192]
    ldp q14, q15, [x0, #224]
    ldp q16, q17, [x0, #256]
    ldp q18, q19, [x0, #288]
    ldp q20, q21, [x0, #320]
    ldp q22, q23, [x0, #352]
    ldp q24, q25, [x0, #384]
    ldp q26, q27, [x0, #416]
    ldp q28, q29, [x0, #448]
    ldp q30, q31, [x0, #480]
    mov x2, #0

    .globl arch_copy_high
arch_copy_high:
    .globl arch_copy_resume
arch_copy_resume:
    mov x0, x2
    ret
