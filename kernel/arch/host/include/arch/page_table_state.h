/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Host: a page table is a list of regions of 512 pages, each charged one page as a real one is. */
#pragma once

#include <stdint.h>

struct account;
struct host_region;

#define ARCH_PAGE_LEVELS 4

struct page_table {
    struct host_region *regions;
    struct account *account;
    uint64_t resident_pages;
    uint64_t flushes; /* how often a change had to be told to translation caches */
};
