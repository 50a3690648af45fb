/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: interrupts from CPU to CPU. */
#include "x86.h"

#include <arch/ask.h>
#include <arch/cpu.h>
#include <kernel/cpu.h>

bool x86_is_stopping;

void arch_cpu_relax(void)
{
    __asm__ volatile("pause");
    cpu_serve();
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
