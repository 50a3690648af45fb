/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: what a page table is to the rest of the kernel. */
#pragma once

#include <stdint.h>

struct account;

#define ARCH_PAGE_LEVELS 4

struct page_table {
    uint64_t root;           /* physical address of the top-level table; constant */
    struct account *account; /* charged for table pages; constant */
};
