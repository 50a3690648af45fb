/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: what CPUs remember of page tables and of code.
 *
 * There are no address space identifiers: loading a table forgets the one before. A
 * CPU sets its bit in table->cpus before it loads the table and takes it back once
 * another is loaded. Who has changed an entry looks at the bits after that, so that a
 * CPU is either told, by the firmware (SBI 1.0, chapter 8), or finds the new entry.
 *
 * A CPU may have old instructions of a page that is to be executed. Those that have the
 * table are told as well; the others see by a count that something is new, once they
 * have said that they load a table.
 */
#include <arch/translation.h>

#include "riscv.h"
#include <arch/page_entry.h>
#include <arch/radix.h>
#include <arch/startup.h>
#include <kernel/cpu.h>
#include <kernel/page.h>

enum fence { FENCE_INSTRUCTIONS = 0, FENCE_TRANSLATIONS = 1 };

static uint64_t kernel_root; /* the boot tables: what a CPU has loaded that runs no thread */
static _Atomic uint64_t code_generation;

void riscv_translation_init(void)
{
    kernel_root = translation_root();
}

uint64_t arch_kernel_root(void)
{
    return kernel_root;
}

static uint64_t own_bit(void)
{
    return cpu_current()->bit;
}

/* One CPU at a time: harts' ids may be far apart. */
static void tell_others(const struct page_table *table, enum fence fence, uint64_t start,
                        uint64_t size)
{
    uint64_t cpus = atomic_load(&table->cpus) & ~own_bit();
    for (; cpus != 0; cpus &= cpus - 1) {
        const struct cpu *cpu = cpu_get((uint32_t)__builtin_ctzll(cpus));
        struct sbi_call call = {SBI_REMOTE_FENCE, fence, {1, cpu->arch.hardware_id, start, size}};
        (void)sbi_call(&call);
    }
}

void arch_translation_forget(const struct page_table *table, struct translation_change *change)
{
    bool all = change->count > TRANSLATION_PAGES_MAX;
    uint64_t start = all ? 0 : change->addresses[0];
    uint64_t end = all ? UINT64_MAX : change->addresses[change->count - 1] + PAGE_SIZE;
    atomic_thread_fence(memory_order_seq_cst);
    tell_others(table, FENCE_TRANSLATIONS, start, end - start);
    if ((atomic_load(&table->cpus) & own_bit()) == 0)
        return;
    if (all)
        __asm__ volatile("sfence.vma" : : : "memory");
    for (uint64_t i = 0; i < change->count && !all; i++)
        arch_translation_renew(change->addresses[i]);
}

void arch_translation_renew(uint64_t address)
{
    __asm__ volatile("sfence.vma %0" : : "r"(address) : "memory");
}

/* A CPU that remembers that there was none faults once more, and renews it. */
void arch_translation_added(void)
{
}

void arch_translation_fetch(const struct page_table *table, uint64_t physical)
{
    atomic_fetch_add(&code_generation, 1);
    tell_others(table, FENCE_INSTRUCTIONS, 0, 0);
    __asm__ volatile("fence.i" : : : "memory");
}

void arch_table_switch(struct page_table *table)
{
    struct arch_cpu *cpu = &cpu_current()->arch;
    if (cpu->table == table)
        return;
    if (table != NULL)
        atomic_fetch_or(&table->cpus, own_bit());
    translation_load(table != NULL ? table->root : kernel_root);
    if (cpu->table != NULL)
        atomic_fetch_and(&cpu->table->cpus, ~own_bit());
    cpu->table = table;
    uint64_t generation = atomic_load(&code_generation);
    if (cpu->code_generation != generation)
        __asm__ volatile("fence.i" : : : "memory");
    cpu->code_generation = generation;
}
