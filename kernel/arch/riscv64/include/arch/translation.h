/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: the register satp (privileged specification 1.12, section 4.1.11). Also used
 * by boot/riscv64.
 */
#pragma once

#include <stdint.h>

#define SATP_SV39 (UINT64_C(8) << 60)
#define SATP_IDENTIFIER_SHIFT 44
#define SATP_ROOT ((UINT64_C(1) << SATP_IDENTIFIER_SHIFT) - 1)

static inline uint64_t translation_root(void)
{
    uint64_t satp;
    __asm__ volatile("csrr %0, satp" : "=r"(satp));
    return (satp & SATP_ROOT) << 12;
}

static inline void translation_load(uint64_t root)
{
    __asm__ volatile("csrw satp, %0\n\tsfence.vma" : : "r"(SATP_SV39 | root >> 12) : "memory");
}
