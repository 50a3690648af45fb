/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The floating point and vector registers to and from struct arch_floating (x0). */
    .arch_extension fp
    .arch_extension simd

.macro FOR_VECTORS instruction
    mov x3, x0
    \instruction {v0.2d - v3.2d}, [x3], #64
    \instruction {v4.2d - v7.2d}, [x3], #64
    \instruction {v8.2d - v11.2d}, [x3], #64
    \instruction {v12.2d - v15.2d}, [x3], #64
    \instruction {v16.2d - v19.2d}, [x3], #64
    \instruction {v20.2d - v23.2d}, [x3], #64
    \instruction {v24.2d - v27.2d}, [x3], #64
    \instruction {v28.2d - v31.2d}, [x3], #64
.endm

    .text
    .globl arm_floating_store
arm_floating_store:
    FOR_VECTORS st1
    mrs x1, fpsr
    mrs x2, fpcr
    stp x1, x2, [x3]
    ret

    .globl arm_floating_fetch
arm_floating_fetch:
    FOR_VECTORS ld1
    ldp x1, x2, [x3]
    msr fpsr, x1
    msr fpcr, x2
    ret
