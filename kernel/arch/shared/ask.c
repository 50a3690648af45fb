/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A CPU that asks notes itself in the word of each one it asks, interrupts them
 * and waits until all have served it. The kernel runs with interrupts off, so
 * whoever waits for another CPU, for a lock or for this, looks at its own word
 * meanwhile (arch_cpu_relax): no two ever wait for each other in vain. Who is asked by
 * several at once is interrupted for the first alone.
 */
#include <arch/ask.h>

#include <arch/cpu.h>
#include <kernel/cpu.h>

/* Of each CPU: what it asks for, at most one thing at a time, and who asks it. */
static struct {
    void (*serve)(void *argument);
    void *argument;
    _Atomic uint64_t waiting; /* for these CPUs */
    _Atomic uint64_t askers;
} __attribute__((aligned(64))) requests[CPU_MAX];

void cpu_ask(uint64_t cpus, void (*serve)(void *argument), void *argument)
{
    uint32_t self = cpu_current()->number;
    requests[self].serve = serve;
    requests[self].argument = argument;
    atomic_store_explicit(&requests[self].waiting, cpus, memory_order_release);
    for (uint64_t left = cpus; left != 0; left &= left - 1) {
        uint32_t asked = (uint32_t)__builtin_ctzll(left);
        if (atomic_fetch_or(&requests[asked].askers, UINT64_C(1) << self) == 0)
            arch_cpu_poke(cpu_get(asked));
    }
    while (atomic_load(&requests[self].waiting) != 0)
        arch_cpu_relax();
}

static __attribute__((noinline)) void serve_all(const struct cpu *cpu)
{
    uint64_t askers = atomic_exchange(&requests[cpu->number].askers, 0);
    for (; askers != 0; askers &= askers - 1) {
        uint32_t asker = (uint32_t)__builtin_ctzll(askers);
        requests[asker].serve(requests[asker].argument);
        atomic_fetch_and(&requests[asker].waiting, ~cpu->bit);
    }
}

void cpu_serve(void)
{
    const struct cpu *cpu = cpu_current();
    if (atomic_load_explicit(&requests[cpu->number].askers, memory_order_relaxed) != 0)
        serve_all(cpu);
}
