/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Forgetting translations where CPUs forget only their own (kernel/arch/shared/fresh.c), for
 * machines with identifiers (arch/context.h). The architecture's own headers have
 *
 *   page_table.fresh     _Atomic uint64_t: a bit for each CPU that remembers nothing of the table
 *                        that has changed, neither translations nor instructions
 *   arch_cpu.fresh_bit   uint64_t: the CPU's bit there; 0 at first, and without identifiers
 *
 * A switch stores arch_cpu.table, then, behind a fence of all, reads page_table.fresh; it loads the
 * table and, unless the CPU's fresh_bit stands there, calls fresh_join.
 */
#pragma once

#include <arch/context.h>
#include <arch/radix.h>

/* The same as context_renew. */
ARCH_COLD uint64_t fresh_renew(struct page_table *table);

/* The table is loaded, and this CPU was not fresh. */
ARCH_COLD void fresh_join(struct page_table *table);

/* The machine's part, each for this CPU alone: forget all that is remembered under a context;
 * forget what of it has changed; have instructions fetched anew. */
void fresh_forget_all(uint64_t context);
void fresh_forget(uint64_t context, const struct translation_change *change);
void fresh_fetch_anew(void);
