/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: address space identifiers.
 *
 * An identifier (8 or 16 bits) names one address space until the generation
 * ends: then all translations are forgotten and identifiers are given out anew,
 * but for those that CPUs have loaded, which stay taken. A space keeps its
 * number into the next generation where it can. A space's context holds generation
 * and identifier; a CPU announces what it loads in `active` by a compare and
 * swap, which fails if a new generation began meanwhile. TLB maintenance reaches
 * all CPUs by itself.
 */
#include "context.h"

#include <kernel/cpu.h>
#include <kernel/lock.h>
#include <kernel/string.h>

#define IDENTIFIERS_MAX 65536
#define GENERATION_ONE UINT64_C(0x10000)

static struct spinlock lock = SPINLOCK_INITIAL(LOCK_DEVICE);
static _Atomic uint64_t generation = GENERATION_ONE;
static _Atomic uint64_t active[CPU_MAX];     /* contexts; 0 since a new generation began */
static uint64_t reserved[CPU_MAX];           /* lock; what a CPU had loaded when one began */
static uint64_t taken[IDENTIFIERS_MAX / 64]; /* lock */
static uint32_t next_identifier = 1;         /* lock; 0 is that of no space */

static bool take(uint64_t identifier)
{
    uint64_t bit = UINT64_C(1) << identifier % 64, *word = &taken[identifier / 64];
    bool is_free = (*word & bit) == 0;
    *word |= bit;
    return is_free;
}

static void begin_generation(void)
{
    atomic_fetch_add(&generation, GENERATION_ONE);
    memset(taken, 0, sizeof(taken));
    for (uint32_t cpu = 0; cpu < CPU_MAX; cpu++) {
        uint64_t context = atomic_exchange(&active[cpu], 0);
        if (context != 0)
            reserved[cpu] = context;
        (void)take(reserved[cpu] & CONTEXT_IDENTIFIER_MASK);
    }
    next_identifier = 1;
    context_forget_all();
}

/* A CPU may go on with what it had, under the new generation's name. */
static bool keep_reserved(uint64_t old, uint64_t renewed)
{
    bool found = false;
    for (uint32_t cpu = 0; cpu < CPU_MAX; cpu++) {
        if (reserved[cpu] != old)
            continue;
        reserved[cpu] = renewed;
        found = true;
    }
    return found;
}

static uint64_t new_context(uint64_t old)
{
    uint64_t identifier = old & CONTEXT_IDENTIFIER_MASK;
    if (old != 0) {
        uint64_t renewed = atomic_load(&generation) | identifier;
        if (keep_reserved(old, renewed) || take(identifier))
            return renewed;
    }
    for (uint32_t count = context_count();;) {
        while (next_identifier < count)
            if (take(next_identifier++))
                return atomic_load(&generation) | (next_identifier - 1);
        begin_generation();
    }
}

static uint64_t choose_locked(_Atomic uint64_t *context, _Atomic uint64_t *own)
{
    lock_acquire(&lock);
    uint64_t chosen = atomic_load(context);
    if (((chosen ^ atomic_load(&generation)) & ~CONTEXT_IDENTIFIER_MASK) != 0) {
        chosen = new_context(chosen);
        atomic_store(context, chosen);
    }
    atomic_store(own, chosen);
    lock_release(&lock);
    return chosen;
}

uint64_t context_choose(_Atomic uint64_t *context)
{
    _Atomic uint64_t *own = &active[cpu_current()->number];
    uint64_t chosen = atomic_load_explicit(context, memory_order_relaxed);
    uint64_t before = atomic_load_explicit(own, memory_order_relaxed);
    bool current = ((chosen ^ atomic_load(&generation)) & ~CONTEXT_IDENTIFIER_MASK) == 0;
    if (!current || before == 0 || !atomic_compare_exchange_strong(own, &before, chosen))
        chosen = choose_locked(context, own);
    return chosen & CONTEXT_IDENTIFIER_MASK;
}
