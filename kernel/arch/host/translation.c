/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The host has no translation cache: counted is what one would have been told. */
#include <arch/host.h>

#include <arch/radix.h>
#include <kernel/cpu.h>
#include <kernel/space.h>

struct host_translation host_translation;

uint64_t arch_kernel_root(void)
{
    return 0;
}

void arch_translation_forget(struct page_table *table, struct translation_change *change)
{
    (void)table;
    host_translation.forgets++;
    host_translation.forgotten += change->count;
}

void arch_translation_renew(uint64_t address)
{
    (void)address;
    host_translation.renewed++;
}

void arch_translation_added(void)
{
    host_translation.added++;
}

void arch_translation_fetch(struct page_table *table, uint64_t physical)
{
    (void)table;
    (void)physical;
    host_translation.fetched++;
}

void arch_table_switch(struct page_table *table)
{
    cpu_current()->arch.space = table != NULL ? container_of(table, struct space, table) : NULL;
}
