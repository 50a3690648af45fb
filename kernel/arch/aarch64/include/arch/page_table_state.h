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

#define IMAGE_PHYSICAL(address) ((address) + image_displacement)

#include <arch/direct_map.h>
