/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Host: what its one CPU keeps. */
#pragma once

#define ARCH_COLD

struct page_table;
struct space;

struct arch_cpu {
    struct space *space;      /* by which user addresses are resolved; NULL: they are pointers */
    struct page_table *table; /* these three for tests of arch/context.h and arch/fresh.h */
    unsigned long generation, fresh_bit;
};
