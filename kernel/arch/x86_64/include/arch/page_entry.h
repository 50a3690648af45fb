/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: page table entries (Intel SDM volume 3, chapter 4.5). What cannot be read is
 * not present: there is no other way to say so.
 */
#pragma once

#include <arch/page_table.h>

#define ARCH_SPACE_ENTRIES 256

#define ENTRY_PRESENT (UINT64_C(1) << 0)
#define ENTRY_WRITE (UINT64_C(1) << 1)
#define ENTRY_USER (UINT64_C(1) << 2)
#define ENTRY_DEVICE (UINT64_C(3) << 3) /* uncached, write-through */
#define ENTRY_ACCESSED (UINT64_C(1) << 5)
#define ENTRY_DIRTY (UINT64_C(1) << 6) /* goes with ENTRY_WRITE */
#define ENTRY_LARGE (UINT64_C(1) << 7)
#define ENTRY_GLOBAL (UINT64_C(1) << 8)
#define ENTRY_NO_EXECUTE (UINT64_C(1) << 63)
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)

static inline uint64_t entry_of_table(uint64_t physical)
{
    return physical | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER;
}

static inline uint64_t entry_physical(uint64_t entry)
{
    return entry & ENTRY_ADDRESS;
}

static inline uint64_t entry_reduce(uint64_t entry, uint32_t flags)
{
    entry &= (flags & PTE_WRITE) != 0 ? ~UINT64_C(0) : ~(ENTRY_WRITE | ENTRY_DIRTY);
    return entry | ((flags & PTE_EXECUTE) != 0 ? 0 : ENTRY_NO_EXECUTE);
}

static inline uint64_t entry_of_either(uint64_t physical, uint32_t flags)
{
    uint64_t entry = physical | ENTRY_PRESENT | ENTRY_ACCESSED | ENTRY_WRITE | ENTRY_DIRTY;
    entry |= (flags & PTE_DEVICE) != 0 ? ENTRY_DEVICE : 0;
    return entry_reduce(entry, flags);
}

static inline uint64_t entry_of_page(uint64_t physical, uint32_t flags)
{
    uint64_t large = (flags & PTE_LARGE) != 0 ? ENTRY_LARGE : 0;
    return entry_of_either(physical, flags) | ENTRY_USER | large;
}

static inline uint64_t entry_of_kernel_page(uint64_t physical, uint32_t flags, unsigned level)
{
    return entry_of_either(physical, flags) | ENTRY_GLOBAL | (level > 0 ? ENTRY_LARGE : 0);
}

static inline uint32_t entry_flags(uint64_t entry)
{
    uint32_t flags = PTE_READ;
    flags |= (entry & ENTRY_WRITE) != 0 ? PTE_WRITE : 0;
    flags |= (entry & ENTRY_NO_EXECUTE) != 0 ? 0 : PTE_EXECUTE;
    flags |= (entry & ENTRY_LARGE) != 0 ? PTE_LARGE : 0;
    return flags | ((entry & ENTRY_DEVICE) != 0 ? PTE_DEVICE : 0);
}
