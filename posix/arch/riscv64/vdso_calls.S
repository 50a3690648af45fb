/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V, in the vDSO: where a handler returns to, which unwinders know by its two
 * instructions, and two calls that Linux has there.
 */
#define CALL_RT_SIGRETURN 139
#define CALL_HWPROBE 258
#define CALL_FLUSH_ICACHE 259

    .section .text.signal_return, "ax"
    .globl __vdso_rt_sigreturn
    .type __vdso_rt_sigreturn, @function
__vdso_rt_sigreturn:
    .option push
    .option norvc
    li a7, CALL_RT_SIGRETURN
    ecall
    .option pop
    .size __vdso_rt_sigreturn, . - __vdso_rt_sigreturn

/* a0: start, a1: end, a2: flags. */
    .text
    .globl __vdso_flush_icache
    .type __vdso_flush_icache, @function
__vdso_flush_icache:
    li a7, CALL_FLUSH_ICACHE
    ecall
    ret
    .size __vdso_flush_icache, . - __vdso_flush_icache

/* a0: pairs, a1: how many, a2: bytes of a3, a3: set of harts, a4: flags. */
    .globl __vdso_riscv_hwprobe
    .type __vdso_riscv_hwprobe, @function
__vdso_riscv_hwprobe:
    li a7, CALL_HWPROBE
    ecall
    ret
    .size __vdso_riscv_hwprobe, . - __vdso_riscv_hwprobe
