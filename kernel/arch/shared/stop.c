/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <arch/ask.h>

#include <arch/cpu.h>
#include <stdatomic.h>

static _Atomic bool stopping;

void arch_cpu_stop(const struct cpu *cpu)
{
    atomic_store_explicit(&stopping, true, memory_order_release);
    arch_cpu_poke(cpu);
}

void cpu_poked(void)
{
    if (atomic_load_explicit(&stopping, memory_order_relaxed))
        cpu_stand_still();
    cpu_serve();
}
