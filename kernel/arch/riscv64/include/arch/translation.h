/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: table entries and the register satp (privileged specification 1.12, sections
 * 4.1.11 and 4.4). Also used by boot/riscv64.
 */
#pragma once

#include <stdint.h>

#define ENTRY_VALID (UINT64_C(1) << 0)
#define ENTRY_READ (UINT64_C(1) << 1)
#define ENTRY_WRITE (UINT64_C(1) << 2)
#define ENTRY_EXECUTE (UINT64_C(1) << 3)
#define ENTRY_USER (UINT64_C(1) << 4)
#define ENTRY_GLOBAL (UINT64_C(1) << 5)
#define ENTRY_ACCESSED (UINT64_C(1) << 6)
#define ENTRY_DIRTY (UINT64_C(1) << 7)
#define ENTRY_DEVICE (UINT64_C(1) << 8) /* software's own: the memory's attributes are wired */
#define ENTRY_LEAF (ENTRY_READ | ENTRY_WRITE | ENTRY_EXECUTE)

#define SATP_SV39 (UINT64_C(8) << 60)
#define SATP_ROOT ((UINT64_C(1) << 44) - 1)

static inline uint64_t entry_of_physical(uint64_t physical)
{
    return physical >> 2;
}

static inline uint64_t entry_physical(uint64_t entry)
{
    return entry << 2 & UINT64_C(0x00fffffffffff000);
}

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
