/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: what a page table is to the rest of the kernel. */
#pragma once

#include <arch/layout.h>
#include <stdint.h>

struct account;

#define ARCH_PAGE_LEVELS 4
#define CONTEXT_BETWEEN 0

struct page_table {
    uint64_t root;                  /* physical address of the top-level table; constant */
    struct account *account;        /* charged for table pages; constant */
    uint64_t resident_pages;        /* space lock */
    uint64_t recent_start, *recent; /* space lock; the table of level 0 used last: arch/radix */
    uint64_t context; /* its address space identifier and of which generation: arch/context.h */
};

/* The image's physical address less LAYOUT_KERNEL; set by boot/. */
extern uint64_t image_displacement;

static inline void *arch_physical_to_virtual(uint64_t physical)
{
    return (void *)(LAYOUT_DIRECT_MAP + physical);
}

/* An address in the direct map or in the kernel's image. */
static inline uint64_t arch_virtual_to_physical(const void *virtual)
{
    uint64_t address = (uint64_t) virtual;
    return address >= LAYOUT_KERNEL ? address + image_displacement : address - LAYOUT_DIRECT_MAP;
}
