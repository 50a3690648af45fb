/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: what CPUs remember of page tables.
 *
 * There are no address space identifiers yet: only CPUs that have a table loaded have
 * anything of it cached. A change asks them all, and has them forget single pages or,
 * above a number, everything. A CPU that loads the table says so first, so it either is
 * asked or reads what was changed.
 */
#include <arch/translation.h>

#include "x86.h"
#include <arch/ask.h>
#include <arch/radix.h>
#include <kernel/cpu.h>

/* The boot tables: what a CPU has loaded that runs no thread. */
static uint64_t kernel_root;

void x86_translation_init(void)
{
    kernel_root = translation_root();
}

uint64_t arch_kernel_root(void)
{
    return kernel_root;
}

static void forget(void *argument)
{
    const struct translation_change *change = argument;
    if (change->count > TRANSLATION_PAGES_MAX) {
        translation_load(translation_root());
        return;
    }
    for (uint64_t i = 0; i < change->count; i++)
        translation_forget(change->addresses[i]);
}

void arch_translation_forget(struct page_table *table, struct translation_change *change)
{
    uint64_t self = cpu_current()->bit;
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t cpus = atomic_load(&table->cpus);
    if ((cpus & self) != 0)
        forget(change);
    if ((cpus & ~self) != 0)
        cpu_ask(cpus & ~self, forget, change);
}

void arch_translation_renew(uint64_t address)
{
    translation_forget(address);
}

/* What is not present is not remembered. */
void arch_translation_added(void)
{
}

/* Fetches see what was stored. */
void arch_translation_fetch(struct page_table *table, uint64_t physical)
{
}

/* NULL: the boot tables, whose users nobody needs to know. */
void arch_table_switch(struct page_table *table)
{
    struct cpu *cpu = cpu_current();
    struct page_table *loaded = cpu->arch.table;
    if (table != NULL)
        atomic_fetch_or(&table->cpus, cpu->bit);
    translation_load(table != NULL ? table->root : kernel_root);
    cpu->arch.table = table;
    if (loaded != NULL)
        atomic_fetch_and(&loaded->cpus, ~cpu->bit);
}
