/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: page table entries (privileged specification 1.12, section 4.4). */
#pragma once

#include <arch/page_table.h>

#define ARCH_SPACE_ENTRIES 256

#define ENTRY_VALID (UINT64_C(1) << 0)
#define ENTRY_READ (UINT64_C(1) << 1)
#define ENTRY_WRITE (UINT64_C(1) << 2)
#define ENTRY_EXECUTE (UINT64_C(1) << 3)
#define ENTRY_USER (UINT64_C(1) << 4)
#define ENTRY_GLOBAL (UINT64_C(1) << 5)
#define ENTRY_ACCESSED (UINT64_C(1) << 6)
#define ENTRY_DIRTY (UINT64_C(1) << 7)
#define ENTRY_DEVICE (UINT64_C(1) << 8) /* software's own: the memory's attributes are wired */
#define ENTRY_LARGE (UINT64_C(1) << 9)  /* software's own: a page of level 1 looks like any */
#define ENTRY_ADDRESS UINT64_C(0x003ffffffffffc00)

static inline uint64_t entry_of_table(uint64_t physical)
{
    return physical >> 2 | ENTRY_VALID;
}

static inline uint64_t entry_physical(uint64_t entry)
{
    return (entry & ENTRY_ADDRESS) << 2;
}

static inline uint64_t entry_reduce(uint64_t entry, uint32_t flags)
{
    entry &= (flags & PTE_WRITE) != 0 ? ~UINT64_C(0) : ~(ENTRY_WRITE | ENTRY_DIRTY);
    return entry & ((flags & PTE_EXECUTE) != 0 ? ~UINT64_C(0) : ~ENTRY_EXECUTE);
}

/* What may be written is readable: the other is no entry. */
static inline uint64_t entry_of_either(uint64_t physical, uint32_t flags)
{
    uint64_t entry = physical >> 2 | ENTRY_VALID | ENTRY_ACCESSED | ENTRY_DIRTY | ENTRY_READ |
                     ENTRY_WRITE | ENTRY_EXECUTE;
    entry |= (flags & PTE_DEVICE) != 0 ? ENTRY_DEVICE : 0;
    return entry_reduce(entry, flags);
}

static inline uint64_t entry_of_page(uint64_t physical, uint32_t flags)
{
    uint64_t large = (flags & PTE_LARGE) != 0 ? ENTRY_LARGE : 0;
    return entry_of_either(physical, flags) | ENTRY_USER | large;
}

/* A page of any level looks the same. */
static inline uint64_t entry_of_kernel_page(uint64_t physical, uint32_t flags, unsigned level)
{
    return entry_of_either(physical, flags) | ENTRY_GLOBAL;
}

static inline uint32_t entry_flags(uint64_t entry)
{
    uint32_t flags = PTE_READ;
    flags |= (entry & ENTRY_WRITE) != 0 ? PTE_WRITE : 0;
    flags |= (entry & ENTRY_EXECUTE) != 0 ? PTE_EXECUTE : 0;
    flags |= (entry & ENTRY_LARGE) != 0 ? PTE_LARGE : 0;
    return flags | ((entry & ENTRY_DEVICE) != 0 ? PTE_DEVICE : 0);
}
