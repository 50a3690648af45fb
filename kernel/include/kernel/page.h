/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Physical pages: a buddy allocator over all RAM, and one struct page for each.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <kernel/status.h>
#include <list/list.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (UINT64_C(1) << PAGE_SHIFT)
#define PAGE_ORDER_MAX 10  /* 4 MiB blocks */
#define PAGE_NODE_ANY (-1) /* that of the CPU that asks */

struct account;

enum page_flag {
    PAGE_FREE = 1u << 0, /* heads a block on a free list */
};

struct page {
    _Atomic uint32_t references; /* owners: amap slots, memory objects, kernel */
    uint8_t order;               /* pages lock; of the block it heads */
    uint8_t flags;               /* pages lock; enum page_flag */
    uint8_t node;                /* constant */
    uint8_t paging;              /* enum page_paging; who has it: pager.h */
    struct account *account; /* whose allowance it counts against; a reference; set at allocation */
    struct list_node link;   /* pages lock on free lists, else the only owner's */
};

struct boot_info;
/* Build the allocator from the boot information. Early frames come from a bitmap before. */
void page_init(const struct boot_info *boot);

/*
 * A block of 2^order pages, not zeroed, one reference, charged to `account`
 * (NULL: the kernel), of a NUMA node or, where it has none, of the nearest one that has. NO_MEMORY if the machine or the account has none.
 */
enum status page_allocate(struct account *account, unsigned order, int node,
                          struct page **result) must_check;
/* The same for one page of zeroes. */
enum status page_allocate_zeroed(struct account *account, struct page **result) must_check;
/* Make of a block, with its one reference, pages that are each released alone; PAGE_RAW. */
void page_split(struct page *block);
void page_acquire(struct page *page);
/* Drops one reference; frees and uncharges at zero. */
void page_release(struct page *page);

uint64_t page_physical(const struct page *page);
/* NULL if there is no RAM that the allocator knows of. */
struct page *page_of_physical(uint64_t physical);
/* Whether any of [start, end) is such RAM. */
bool page_range_has_ram(uint64_t start, uint64_t end);
/* In the kernel's direct map of RAM. */
void *page_address(const struct page *page);
uint64_t page_count_total(void);
uint64_t page_count_free(void);
uint64_t page_count_free_of(uint32_t node);

/* Tests: the n-th allocation from now fails (0: none); slabs count as well as pages. */
void page_fail_after(uint64_t n);
/* Asked once by each allocator at each allocation: is it this one? */
bool page_fails_now(void);
