/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Host: page table entries, which nothing but the kernel reads. */
#pragma once

#include <arch/page_table.h>

#define ARCH_SPACE_ENTRIES 512 /* the kernel has no half */

#define ENTRY_FLAGS UINT64_C(0xff) /* enum page_table_flag */
#define ENTRY_PRESENT (UINT64_C(1) << 8)
#define ENTRY_ADDRESS (~UINT64_C(0xfff))

static inline uint64_t entry_of_table(uint64_t physical)
{
    return physical | ENTRY_PRESENT;
}

static inline uint64_t entry_physical(uint64_t entry)
{
    return entry & ENTRY_ADDRESS;
}

static inline uint64_t entry_of_page(uint64_t physical, uint32_t flags)
{
    return physical | ENTRY_PRESENT | flags;
}

static inline uint32_t entry_flags(uint64_t entry)
{
    return (uint32_t)(entry & ENTRY_FLAGS);
}

static inline uint64_t entry_reduce(uint64_t entry, uint32_t flags)
{
    return entry & ~(uint64_t)(~flags & (PTE_WRITE | PTE_EXECUTE));
}
