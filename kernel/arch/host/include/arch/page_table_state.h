/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Host: page tables as a machine's, in the arena. */
#pragma once

#include <stdint.h>

struct account;

#define ARCH_PAGE_LEVELS 4
#define CONTEXT_BETWEEN UINT64_C(0x50000)

struct page_table {
    uint64_t root; /* physical address of the top-level table; constant */
    struct account *account;
    uint64_t resident_pages;
    uint64_t recent_start, *recent; /* space lock; the table of level 0 used last: arch/radix */
    uint64_t context; /* this and the next for tests of arch/context.h and arch/fresh.h */
    _Atomic uint64_t fresh;
};
