/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: what CPUs remember of page tables and of code.
 *
 * There are no address space identifiers: loading a table forgets the one before. A
 * CPU sets its bit in table->cpus before it loads the table and takes it back once
 * another is loaded. Who has changed an entry looks at the bits after that, so that a
 * CPU is either asked to forget it or finds the new entry.
 *
 * A CPU may have old instructions of a page that is to be executed. Those that have the
 * table are asked as well; the others see by a count that something is new, once they
 * have said that they load a table.
 */
#include <arch/translation.h>

#include <arch/ask.h>
#include <arch/page_entry.h>
#include <arch/radix.h>
#include <arch/startup.h>
#include <kernel/cpu.h>

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

/* On this CPU and the others that have the table. */
static void on_all(const struct page_table *table, void (*serve)(void *argument), void *argument)
{
    uint64_t self = cpu_current()->bit;
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t cpus = atomic_load(&table->cpus);
    if ((cpus & ~self) != 0)
        cpu_ask(cpus & ~self, serve, argument);
    if ((cpus & self) != 0)
        serve(argument);
}

static void forget(void *argument)
{
    const struct translation_change *change = argument;
    if (change->count > TRANSLATION_PAGES_MAX)
        __asm__ volatile("sfence.vma" : : : "memory");
    for (uint64_t i = 0; i < change->count && change->count <= TRANSLATION_PAGES_MAX; i++)
        arch_translation_renew(change->addresses[i]);
}

void arch_translation_forget(const struct page_table *table, struct translation_change *change)
{
    on_all(table, forget, change);
}

void arch_translation_renew(uint64_t address)
{
    __asm__ volatile("sfence.vma %0" : : "r"(address) : "memory");
}

/* A CPU that remembers that there was none faults once more, and renews it. */
void arch_translation_added(void)
{
}

static void fetch_anew(void *unused)
{
    __asm__ volatile("fence.i" : : : "memory");
}

void arch_translation_fetch(const struct page_table *table, uint64_t physical)
{
    atomic_fetch_add(&code_generation, 1);
    on_all(table, fetch_anew, NULL);
}

void arch_table_switch(struct page_table *table)
{
    struct arch_cpu *cpu = &cpu_current()->arch;
    uint64_t self = cpu_current()->bit;
    if (cpu->table == table)
        return;
    if (table != NULL)
        atomic_fetch_or(&table->cpus, self);
    translation_load(table != NULL ? table->root : kernel_root);
    if (cpu->table != NULL)
        atomic_fetch_and(&cpu->table->cpus, ~self);
    cpu->table = table;
    uint64_t generation = atomic_load(&code_generation);
    if (cpu->code_generation != generation)
        __asm__ volatile("fence.i" : : : "memory");
    cpu->code_generation = generation;
}
