/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: what CPUs remember of page tables and of code (Arm ARM, D8.13).
 *
 * What is asked to be forgotten is forgotten by all CPUs, wherever it is remembered.
 * The kernel's half has a root of its own, loaded once. A page that becomes executable
 * is made visible to instruction fetches.
 */
#include <arch/radix.h>

#include "arm.h"
#include <arch/context.h>
#include <kernel/cpu.h>
#include <kernel/page.h>
#include <kernel/relaxed.h>

#define IDENTIFIER_SHIFT 48 /* in TTBR0_EL1 and TLB instructions */
#define OPERAND_ADDRESS ((UINT64_C(1) << 44) - 1)

/* CTR_EL0: what is not needed for instructions to be seen, and the shortest line's words. */
#define CACHE_LINE(type) (UINT64_C(4) << ((type) >> 16 & 15))
#define CACHE_CLEAN_NOT_NEEDED (UINT64_C(1) << 28)
#define CACHE_INVALIDATION_NOT_NEEDED (UINT64_C(1) << 29)

/* What a CPU has loaded that runs no thread. */
static const uint64_t empty_table[PAGE_SIZE / sizeof(uint64_t)] __attribute__((aligned(4096)));

uint64_t image_displacement;

uint64_t arch_kernel_root(void)
{
    return ARM_READ("ttbr1_el1");
}

static void flush_begin(void)
{
    __asm__ volatile("dsb ishst" : : : "memory");
}

static void flush_end(void)
{
    __asm__ volatile("dsb ish; isb" : : : "memory");
}

/* The one it has now or had last, where TLB instructions want it; 0 if it never had one. When
 * it is given another, what has changed before this is seen under that. */
static uint64_t identifier_of(const struct page_table *table)
{
    return relaxed_load(&table->context) << IDENTIFIER_SHIFT;
}

void arch_translation_forget(struct page_table *table, struct translation_change *change)
{
    flush_begin();
    uint64_t identifier = identifier_of(table);
    if (change->count > TRANSLATION_PAGES_MAX)
        __asm__ volatile("tlbi aside1is, %0" : : "r"(identifier) : "memory");
    for (uint64_t i = 0; i < change->count && change->count <= TRANSLATION_PAGES_MAX; i++)
        __asm__ volatile("tlbi vale1is, %0"
                         :
                         : "r"(identifier | change->addresses[i] >> PAGE_SHIFT)
                         : "memory");
    flush_end();
}

/* Under whatever identifier. */
void arch_translation_renew(uint64_t address)
{
    uint64_t operand = address >> PAGE_SHIFT & OPERAND_ADDRESS;
    __asm__ volatile("dsb nshst; tlbi vaale1, %0; dsb nsh; isb" : : "r"(operand) : "memory");
}

void arch_translation_added(void)
{
    flush_begin();
    arm_synchronize();
}

void context_forget_all(void)
{
    __asm__ volatile("dsb nshst; tlbi vmalle1; dsb nsh; isb" : : : "memory");
}

uint32_t context_count(void)
{
    return ARM_FIELD("id_aa64mmfr0_el1", 4) == 2 ? 65536 : 256;
}

void arch_translation_fetch(struct page_table *table, uint64_t physical)
{
    uint64_t type = ARM_READ("ctr_el0"), start = (uint64_t)arch_physical_to_virtual(physical);
    if ((type & CACHE_CLEAN_NOT_NEEDED) == 0)
        for (uint64_t line = start; line < start + PAGE_SIZE; line += CACHE_LINE(type))
            __asm__ volatile("dc cvau, %0" : : "r"(line) : "memory");
    __asm__ volatile("dsb ish" : : : "memory");
    if ((type & CACHE_INVALIDATION_NOT_NEEDED) == 0)
        __asm__ volatile("ic ialluis; dsb ish" : : : "memory");
    arm_synchronize();
}

static inline void load(struct page_table *table, uint64_t value)
{
    cpu_current()->arch.table = table;
    ARM_WRITE("ttbr0_el1", value);
    arm_synchronize();
}

/* Who changes the table makes that visible, then looks what its identifier is. Without the barrier
 * it could miss one still on its way to memory while this CPU walks the old table under it. */
static ARCH_COLD void load_renewed(struct page_table *table)
{
    uint64_t context = context_renew(table);
    __asm__ volatile("dsb ish" : : : "memory");
    load(table, table->root | context << IDENTIFIER_SHIFT);
}

void arch_table_switch(struct page_table *table)
{
    if (table == NULL)
        load(NULL, arch_virtual_to_physical(empty_table));
    else if (context_is_current(cpu_current()->arch.generation, relaxed_load(&table->context)))
        load(table, table->root | relaxed_load(&table->context) << IDENTIFIER_SHIFT);
    else
        load_renewed(table);
}
