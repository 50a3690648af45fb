/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Who has changed a table asks those CPUs to forget that run it now. Others may remember
 * something too, from when they ran it; they are fresh no more, and forget when they load it next.
 *
 * A CPU says first that it has the table loaded, then looks whether it is fresh; who has changed
 * the table first takes all freshness away, then looks who has it loaded. One of the two sees the
 * other. Those that were asked are fresh again.
 */
#include <arch/fresh.h>

#include <arch/ask.h>
#include <kernel/cpu.h>
#include <kernel/relaxed.h>

struct loss {
    const struct page_table *table;
    const struct translation_change *change; /* NULL: of instructions */
};

static void serve(void *argument)
{
    const struct loss *loss = argument;
    if (loss->change != NULL)
        fresh_forget(relaxed_load(&loss->table->context), loss->change);
    else
        fresh_fetch_anew();
}

static void tell(struct page_table *table, const struct translation_change *change)
{
    struct loss loss = {table, change};
    const struct cpu *self = cpu_current();
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t left = atomic_exchange(&table->fresh, 0);
    uint64_t running = self->arch.table == table ? left & self->bit : 0;
    for (left &= ~self->bit; left != 0; left &= left - 1) {
        const struct cpu *cpu = cpu_get((uint32_t)__builtin_ctzll(left));
        if (relaxed_load(&cpu->arch.table) == table)
            running |= cpu->bit;
    }
    if ((running & ~self->bit) != 0)
        cpu_ask(running & ~self->bit, serve, &loss);
    if ((running & self->bit) != 0)
        serve(&loss);
    atomic_fetch_or(&table->fresh, running);
}

void arch_translation_forget(struct page_table *table, struct translation_change *change)
{
    tell(table, change);
}

void arch_translation_fetch(struct page_table *table, uint64_t physical)
{
    tell(table, NULL);
}

/* Under identifier 0 there may be anybody's: then this CPU is fresh for no table. */
ARCH_COLD uint64_t fresh_renew(struct page_table *table)
{
    uint64_t context = context_renew(table);
    struct cpu *cpu = cpu_current();
    cpu->arch.fresh_bit = (context & CONTEXT_IDENTIFIER) != 0 ? cpu->bit : 0;
    return context;
}

/* It is loaded by now, so that nothing older can come to be remembered after this. */
ARCH_COLD void fresh_join(struct page_table *table)
{
    atomic_fetch_or(&table->fresh, cpu_current()->bit);
    fresh_forget_all(relaxed_load(&table->context));
    fresh_fetch_anew();
}
