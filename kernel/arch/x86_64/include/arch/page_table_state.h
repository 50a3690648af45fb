/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: what a page table is to the rest of the kernel. */
#pragma once

#include <arch/layout.h>
#include <stdint.h>

struct account;

#define ARCH_PAGE_LEVELS 4

struct page_table {
    uint64_t root;                  /* physical address of the top-level table; constant */
    struct account *account;        /* charged for table pages; constant */
    uint64_t resident_pages;        /* space lock */
    uint64_t recent_start, *recent; /* space lock; the table of level 0 used last: arch/radix */
    _Atomic uint64_t cpus; /* a bit for each that has it loaded, from before until after that */
};

static inline void *arch_physical_to_virtual(uint64_t physical)
{
    return (void *)(LAYOUT_DIRECT_MAP + physical);
}

/* An address in the direct map or in the kernel's image. */
static inline uint64_t arch_virtual_to_physical(const void *virtual)
{
    uint64_t address = (uint64_t) virtual;
    return address >= LAYOUT_KERNEL ? address - LAYOUT_KERNEL : address - LAYOUT_DIRECT_MAP;
}
