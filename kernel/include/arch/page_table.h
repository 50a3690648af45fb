/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Architecture contract: page tables. All functions expect the space's lock.
 */
#pragma once

#include <arch/page_table_state.h> /* struct page_table with resident_pages, ARCH_PAGE_LEVELS */
#include <kernel/status.h>
#include <stdbool.h>
#include <stdint.h>

struct account;

enum page_table_flag {
    PTE_READ = 1u << 0,
    PTE_WRITE = 1u << 1,
    PTE_EXECUTE = 1u << 2,
    PTE_DEVICE = 1u << 3, /* uncached */
    PTE_LARGE =
        1u << 4, /* LARGE_PAGE_SIZE, where it begins and where it leads to aligned to that */
    PTE_RIGHTS = PTE_READ | PTE_WRITE | PTE_EXECUTE,
};

#define LARGE_PAGE_ORDER 9
#define LARGE_PAGE_SIZE (UINT64_C(0x1000) << LARGE_PAGE_ORDER)

enum status arch_table_init(struct page_table *table, struct account *account) must_check;
/* Frees up to *limit table pages, counting it down, whatever is mapped; true when all have gone.
 * No CPU has it loaded. */
bool arch_table_free(struct page_table *table, uint32_t *limit) must_check;
/* One page; replaces what is there, a large one as a whole. NO_MEMORY if a table page cannot be
 * had. */
enum status arch_table_map(struct page_table *table, uint64_t address, uint64_t physical,
                           uint32_t flags) must_check;
/* False if nothing is there. */
bool arch_table_lookup(const struct page_table *table, uint64_t address, uint64_t *physical,
                       uint32_t *flags);
/* Leave the pages of [start, end) those of their rights that `flags` has, or without any remove
 * them; a large page that would change in part is removed. Returns how many were there. The
 * translation caches are flushed by the end of the call, on every CPU that may have them. */
uint64_t arch_table_protect(struct page_table *table, uint64_t start, uint64_t end, uint32_t flags);

static inline uint64_t arch_table_unmap(struct page_table *table, uint64_t start, uint64_t end)
{
    return arch_table_protect(table, start, end, 0);
}

/* The first address in [address, end) for which there is a table of the last level or a large
 * page, or `end`: before it there are no pages. */
uint64_t arch_table_next(const struct page_table *table, uint64_t address, uint64_t end);
/* Load it on this CPU, unless it is loaded; NULL: the kernel's half alone. */
void arch_table_switch(struct page_table *table);
/* RAM in the kernel's direct map; device registers through arch_map_device. */
void *arch_physical_to_virtual(uint64_t physical);
uint64_t arch_virtual_to_physical(const void *virtual);
/* Kernel mapping of device registers, for the life of the machine. */
void *arch_map_device(uint64_t physical, uint64_t size);
/* The same of any whole pages; the page below them is not mapped. */
uint64_t arch_map_kernel(uint64_t physical, uint64_t size, uint32_t flags);
