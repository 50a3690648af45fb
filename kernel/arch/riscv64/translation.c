/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: what CPUs remember of page tables and of code (privileged specification 1.12, sections
 * 4.1.11 and 4.2.1). Identifiers come from arch/context.h; who has to forget something is asked
 * by arch/fresh.h.
 */
#include <arch/translation.h>

#include "riscv.h"
#include <arch/fresh.h>
#include <arch/page_entry.h>
#include <arch/startup.h>
#include <kernel/cpu.h>
#include <kernel/relaxed.h>

static uint64_t kernel_root; /* the boot tables: what a CPU has loaded that runs no thread */
static uint32_t identifiers;

/* Those bits of an identifier that are there can be written. */
void riscv_translation_init(void)
{
    uint64_t satp = riscv_read(satp);
    riscv_write(satp, satp | CONTEXT_IDENTIFIER << SATP_IDENTIFIER_SHIFT);
    identifiers = (uint32_t)(riscv_read(satp) >> SATP_IDENTIFIER_SHIFT & CONTEXT_IDENTIFIER) + 1;
    kernel_root = (satp & SATP_ROOT) << 12;
    translation_load(kernel_root);
}

uint64_t arch_kernel_root(void)
{
    return kernel_root;
}

uint32_t context_count(void)
{
    return identifiers;
}

void context_forget_all(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

void fresh_forget_all(uint64_t context)
{
    __asm__ volatile("sfence.vma zero, %0" : : "r"(context & CONTEXT_IDENTIFIER) : "memory");
}

void fresh_forget(uint64_t context, const struct translation_change *change)
{
    if (change->count > TRANSLATION_PAGES_MAX)
        fresh_forget_all(context);
    for (uint64_t i = 0; i < change->count && change->count <= TRANSLATION_PAGES_MAX; i++)
        __asm__ volatile("sfence.vma %0, %1"
                         :
                         : "r"(change->addresses[i]), "r"(context & CONTEXT_IDENTIFIER)
                         : "memory");
}

void fresh_fetch_anew(void)
{
    __asm__ volatile("fence.i" : : : "memory");
}

/* Under whatever identifier. */
void arch_translation_renew(uint64_t address)
{
    __asm__ volatile("sfence.vma %0" : : "r"(address) : "memory");
}

/* A CPU that remembers that there was none faults once more, and renews it. */
void arch_translation_added(void)
{
}

static inline void load(struct cpu *cpu, struct page_table *table, uint64_t context)
{
    relaxed_store(&cpu->arch.table, table);
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t fresh = atomic_load_explicit(&table->fresh, memory_order_relaxed);
    riscv_write(satp, context << SATP_IDENTIFIER_SHIFT | table->root >> 12);
    if ((fresh & cpu->arch.fresh_bit) == 0)
        fresh_join(table);
}

static ARCH_COLD void load_renewed(struct page_table *table)
{
    load(cpu_current(), table, fresh_renew(table));
}

static ARCH_COLD void load_none(void)
{
    riscv_write(satp, SATP_SV39 | kernel_root >> 12);
    relaxed_store(&cpu_current()->arch.table, NULL);
}

void arch_table_switch(struct page_table *table)
{
    struct cpu *cpu = cpu_current();
    if (table == NULL)
        load_none();
    else if (context_is_current(cpu->arch.generation, relaxed_load(&table->context)))
        load(cpu, table, relaxed_load(&table->context));
    else
        load_renewed(table);
}
