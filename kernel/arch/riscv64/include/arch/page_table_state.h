/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: what a page table is to the rest of the kernel. */
#pragma once

#include <arch/layout.h>
#include <stdatomic.h>
#include <stdint.h>

struct account;

#define ARCH_PAGE_LEVELS 3
#define CONTEXT_BETWEEN UINT64_C(0x80000) /* of satp: Sv39 */

struct page_table {
    uint64_t root;                  /* physical address of the top-level table; constant */
    struct account *account;        /* charged for table pages; constant */
    uint64_t resident_pages;        /* space lock */
    uint64_t recent_start, *recent; /* space lock; the table of level 0 used last: arch/radix */
    uint64_t context;               /* its address space identifier: arch/context.h */
    _Atomic uint64_t fresh;         /* CPUs that remember nothing old of it: arch/fresh.h */
};

#define IMAGE_PHYSICAL(address) ((address)-LAYOUT_KERNEL)

#include <arch/direct_map.h>
