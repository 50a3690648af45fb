/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: what CPUs ask of one another.
 *
 * A CPU that asks notes itself in the word of each one it asks, interrupts them
 * and waits until all have served it. The kernel runs with interrupts off, so
 * whoever waits for another CPU, for a lock or for this, looks at its own word
 * meanwhile (arch_cpu_relax): no two ever wait for each other in vain. What is
 * asked takes no lock.
 */
#include "x86.h"

#include <arch/cpu.h>
#include <kernel/cpu.h>

bool x86_is_stopping;

/* What a CPU asks for; at most one thing at a time. */
static struct {
    void (*serve)(void *argument);
    void *argument;
    _Atomic uint64_t waiting; /* for these CPUs */
} requests[CPU_MAX];

void x86_ask(uint64_t cpus, void (*serve)(void *argument), void *argument)
{
    uint32_t self = cpu_current()->number;
    requests[self].serve = serve;
    requests[self].argument = argument;
    atomic_store(&requests[self].waiting, cpus);
    for (uint64_t left = cpus; left != 0; left &= left - 1) {
        struct cpu *cpu = cpu_get((uint32_t)__builtin_ctzll(left));
        if (atomic_fetch_or(&cpu->arch.asked, UINT64_C(1) << self) == 0)
            arch_cpu_poke(cpu);
    }
    while (atomic_load(&requests[self].waiting) != 0)
        arch_cpu_relax();
}

static __attribute__((noinline)) void serve_all(struct cpu *cpu)
{
    uint64_t askers = atomic_exchange(&cpu->arch.asked, 0);
    for (; askers != 0; askers &= askers - 1) {
        uint32_t asker = (uint32_t)__builtin_ctzll(askers);
        requests[asker].serve(requests[asker].argument);
        atomic_fetch_and(&requests[asker].waiting, ~cpu->bit);
    }
}

void arch_cpu_relax(void)
{
    struct cpu *cpu = cpu_current();
    __asm__ volatile("pause");
    if (atomic_load_explicit(&cpu->arch.asked, memory_order_relaxed) != 0)
        serve_all(cpu);
}

void arch_cpu_poke(const struct cpu *cpu)
{
    x86_apic_send(cpu->arch.hardware_id, APIC_FIXED | VECTOR_POKE);
}

void arch_cpu_stop(const struct cpu *cpu)
{
    x86_is_stopping = true;
    x86_apic_send(cpu->arch.hardware_id, APIC_NON_MASKABLE);
}
