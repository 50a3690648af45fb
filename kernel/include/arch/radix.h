/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What an architecture gives kernel/arch/radix to have its page tables from there. They
 * are trees: in each node 512 entries of 64 bits, in those of level 0 pages.
 *
 * <arch/page_entry.h>, inline: an entry is 0 or valid.
 *
 *   ARCH_SPACE_ENTRIES                     of a root, from the first on, that are the space's
 *                                          own; the others are the kernel's and never change
 *   entry_of_table(physical)               to the table below
 *   entry_of_page(physical, flags)         a page of user space, with PTE_LARGE one of level 1
 *   entry_of_kernel_page(physical, flags, level)
 *                                          one of the kernel's, of 4 KiB at level 0
 *   entry_physical(entry)                  where what it leads to is
 *   entry_flags(entry)                     enum page_table_flag of a page; of an entry to a table at
 *                                          level 1 or above, no PTE_LARGE
 *   entry_reduce(entry, flags)             a page's, with those of its rights that `flags` has
 *
 * The functions below stand for the translation cache.
 */
#pragma once

#include <arch/page_table.h>

#define TRANSLATION_PAGES_MAX 16 /* above this many, forgetting a whole space is cheaper */

struct translation_change {
    uint64_t count;                            /* of entries */
    uint64_t addresses[TRANSLATION_PAGES_MAX]; /* the first that changed, ascending */
};

/* Physical address of the root that has the kernel's half. */
uint64_t arch_kernel_root(void);

/* Entries have lost something: returns when no CPU has them as they were. */
void arch_translation_forget(struct page_table *table, struct translation_change *change);
/* An entry has got more rights, or is what it is already: this CPU is to see it. Others fault,
 * and come here too. */
void arch_translation_renew(uint64_t address);
/* An entry that was 0 has become something: it is seen from now on, or a CPU faults once more. */
void arch_translation_added(void);
/* What was stored into this page is to be executed: no CPU that uses the table fetches older. */
void arch_translation_fetch(struct page_table *table, uint64_t physical);

/* The entry for an address at a level, with the tables down to it made, or that of a large page
 * above it. NO_MEMORY. */
enum status radix_create(struct page_table *table, uint64_t address, unsigned level,
                         uint64_t **result) must_check;
/* An entry, and before it what was stored into what it leads to. */
static inline void radix_set(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}
