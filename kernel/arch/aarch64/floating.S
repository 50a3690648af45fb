/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The floating point and vector registers to and from struct arm_floating (x0). */
    .arch_extension fp
    .arch_extension simd

.macro FOR_VECTORS instruction
    \instruction q0, q1, [x0]
    \instruction q2, q3, [x0, #32]
    \instruction q4, q5, [x0, #64]
    \instruction q6, q7, [x0, #96]
    \instruction q8, q9, [x0, #128]
    \instruction q10, q11, [x0, #160]
    \instruction q12, q13, [x0, #192]
    \instruction q14, q15, [x0, #224]
    \instruction q16, q17, [x0, #256]
    \instruction q18, q19, [x0, #288]
    \instruction q20, q21, [x0, #320]
    \instruction q22, q23, [x0, #352]
    \instruction q24, q25, [x0, #384]
    \instruction q26, q27, [x0, #416]
    \instruction q28, q29, [x0, #448]
    \instruction q30, q31, [x0, #480]
.endm

    .text
    .globl arm_floating_store
arm_floating_store:
    FOR_VECTORS stp
    mrs x1, fpsr
    mrs x2, fpcr
    str x1, [x0, #512]
    str x2, [x0, #520]
    ret

    .globl arm_floating_fetch
arm_floating_fetch:
    FOR_VECTORS ldp
    ldr x1, [x0, #512]
    ldr x2, [x0, #520]
    msr fpsr, x1
    msr fpcr, x2
    ret
