/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: interrupts from CPU to CPU. What others have changed in page tables a CPU sees
 * without being asked: TLB maintenance is broadcast.
 */
#include "arm.h"

#include <arch/ask.h>
#include <arch/cpu.h>
#include <stdatomic.h>

static _Atomic bool stopping;

void arch_cpu_stop(const struct cpu *cpu)
{
    atomic_store_explicit(&stopping, true, memory_order_release);
    arch_cpu_poke(cpu);
}

void arm_poked(void)
{
    if (atomic_load_explicit(&stopping, memory_order_relaxed))
        arm_stand_still();
    cpu_serve();
}

void arch_cpu_relax(void)
{
    __asm__ volatile("yield");
    arm_poked();
}
