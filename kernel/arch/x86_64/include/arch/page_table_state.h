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

#define IMAGE_PHYSICAL(address) ((address)-LAYOUT_KERNEL)

#include <arch/direct_map.h>
