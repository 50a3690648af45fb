/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Host: page tables as a machine's, in the arena. */
#pragma once

#include <stdint.h>

struct account;

#define ARCH_PAGE_LEVELS 4

struct page_table {
    uint64_t root; /* physical address of the top-level table; constant */
    struct account *account;
    uint64_t resident_pages;
};
