/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * An identifier names one address space until the generation ends; a space's context holds both.
 * A generation ends when it has no identifier left: then all CPUs are asked to forget all
 * translations, and identifiers are given out anew, but for those of the tables that CPUs have
 * loaded, which go over into the new generation as they are.
 *
 * A CPU serves nobody between its look at a context and the loading of it. So one that is asked
 * has loaded what it says it has, and one that has been asked finds the contexts of the
 * old generation wanting: a switch needs no lock and no atomic access. Nobody is given
 * anything of the new generation before all have served.
 */
#include <arch/context.h>

#include <arch/ask.h>
#include <arch/page_table.h>
#include <kernel/cpu.h>
#include <kernel/lock.h>
#include <kernel/relaxed.h>
#include <kernel/string.h>

#define IDENTIFIERS_MAX (CONTEXT_IDENTIFIER + 1)
#define GENERATION_ONE (UINT64_C(1) << CONTEXT_GENERATION_SHIFT)

static struct spinlock lock = SPINLOCK_INITIAL(LOCK_DEVICE);
/* Under the lock; CPUs that are asked do what they do for its holder. */
static uint64_t generation = GENERATION_ONE | CONTEXT_BETWEEN;
static _Atomic uint64_t kept[IDENTIFIERS_MAX / 64]; /* a bit for each from the last generation */
static uint32_t next_identifier = 1;                /* 0 is that of no space */

/* What each CPU does. */
static void begin(void *unused)
{
    struct cpu *cpu = cpu_current();
    struct page_table *table = cpu->arch.table;
    cpu->arch.generation = generation;
    context_forget_all();
    if (table == NULL)
        return;
    uint64_t identifier = relaxed_load(&table->context) & CONTEXT_IDENTIFIER;
    relaxed_store(&table->context, generation | identifier);
    atomic_fetch_or(&kept[identifier / 64], UINT64_C(1) << identifier % 64);
}

static void begin_generation(void)
{
    generation += GENERATION_ONE;
    memset(kept, 0, sizeof(kept));
    next_identifier = 1;
    cpu_ask(cpu_all() & ~cpu_current()->bit, begin, NULL);
    begin(NULL);
}

static uint64_t give_locked(uint32_t count)
{
    for (;; begin_generation()) {
        while (next_identifier < count) {
            uint32_t identifier = next_identifier++;
            if ((atomic_load(&kept[identifier / 64]) >> identifier % 64 & 1) == 0)
                return generation | identifier;
        }
    }
}

/* Each CPU may keep one, and this one needs another. */
ARCH_COLD uint64_t context_renew(struct page_table *table)
{
    uint32_t count = context_count();
    if (count < cpu_count() + 2)
        return CONTEXT_BETWEEN;
    lock_acquire(&lock);
    uint64_t context = relaxed_load(&table->context);
    if (!context_is_current(generation, context)) {
        context = give_locked(count);
        relaxed_store(&table->context, context);
    }
    cpu_current()->arch.generation = generation;
    lock_release(&lock);
    return context;
}
