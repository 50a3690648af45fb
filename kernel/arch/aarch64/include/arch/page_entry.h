/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: page table entries (Arm ARM, VMSAv8-64, 4 KiB granule). The kernel's half has
 * tables of its own.
 */
#pragma once

#include <arch/page_table.h>

#define ARCH_SPACE_ENTRIES 512

#define ENTRY_VALID (UINT64_C(1) << 0)
#define ENTRY_TABLE (UINT64_C(1) << 1)  /* at level 0: a page */
#define ENTRY_DEVICE (UINT64_C(1) << 2) /* index 1 of MAIR_EL1; 0 is normal memory */
#define ENTRY_USER (UINT64_C(1) << 6)
#define ENTRY_READ_ONLY (UINT64_C(1) << 7)
#define ENTRY_SHARED (UINT64_C(3) << 8) /* inner shareable */
#define ENTRY_ACCESSED (UINT64_C(1) << 10)
#define ENTRY_NOT_GLOBAL (UINT64_C(1) << 11)
#define ENTRY_KERNEL_NO_EXECUTE (UINT64_C(1) << 53)
#define ENTRY_NO_EXECUTE (UINT64_C(1) << 54)
#define ENTRY_ADDRESS UINT64_C(0x0000fffffffff000)
#define ENTRY_BLOCK (ENTRY_VALID | ENTRY_SHARED | ENTRY_ACCESSED)

static inline uint64_t entry_of_table(uint64_t physical)
{
    return physical | ENTRY_VALID | ENTRY_TABLE;
}

static inline uint64_t entry_physical(uint64_t entry)
{
    return entry & ENTRY_ADDRESS;
}

static inline uint64_t entry_reduce(uint64_t entry, uint32_t flags)
{
    entry |= (flags & PTE_WRITE) != 0 ? 0 : ENTRY_READ_ONLY;
    return entry | ((flags & PTE_EXECUTE) != 0 ? 0 : ENTRY_NO_EXECUTE);
}

static inline uint64_t entry_of_page(uint64_t physical, uint32_t flags)
{
    uint64_t entry = physical | ENTRY_BLOCK | ENTRY_USER | ENTRY_NOT_GLOBAL;
    entry |= (flags & PTE_LARGE) != 0 ? 0 : ENTRY_TABLE;
    entry |= (flags & PTE_DEVICE) != 0 ? ENTRY_DEVICE : 0;
    return entry_reduce(entry | ENTRY_KERNEL_NO_EXECUTE, flags);
}

static inline uint64_t entry_of_kernel_page(uint64_t physical, uint32_t flags, unsigned level)
{
    uint64_t entry = physical | ENTRY_BLOCK | ENTRY_NO_EXECUTE | (level > 0 ? 0 : ENTRY_TABLE);
    entry |= (flags & PTE_DEVICE) != 0 ? ENTRY_DEVICE : 0;
    entry |= (flags & PTE_EXECUTE) != 0 ? 0 : ENTRY_KERNEL_NO_EXECUTE;
    return entry_reduce(entry, flags);
}

static inline uint32_t entry_flags(uint64_t entry)
{
    uint32_t flags = PTE_READ;
    flags |= (entry & ENTRY_READ_ONLY) != 0 ? 0 : PTE_WRITE;
    flags |= (entry & ENTRY_NO_EXECUTE) != 0 ? 0 : PTE_EXECUTE;
    flags |= (entry & (ENTRY_VALID | ENTRY_TABLE)) == ENTRY_VALID ? PTE_LARGE : 0;
    return flags | ((entry & ENTRY_DEVICE) != 0 ? PTE_DEVICE : 0);
}
