/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: CPUs, which the firmware starts and interrupts for us (SBI 1.0, chapters 7
 * and 9).
 */
#include "riscv.h"

#include <arch/ask.h>
#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/startup.h>
#include <arch/thread.h>
#include <kernel/cpu.h>

#define INTERRUPTS_ALL                                                                             \
    (UINT64_C(1) << INTERRUPT_SOFTWARE | UINT64_C(1) << INTERRUPT_TIMER |                          \
     UINT64_C(1) << INTERRUPT_EXTERNAL)
#define COUNTERS_USER 7 /* cycle, time, instret */

_Noreturn void cpu_stand_still(void)
{
    riscv_write(sie, UINT64_C(0));
    for (;;)
        __asm__ volatile("wfi");
}

/* sscratch 0: tp is the kernel's. */
void arch_cpu_init(struct cpu *cpu)
{
    if (cpu->number == 0) {
        riscv_translation_init();
        cpu->arch.stack_top = (uint64_t)boot_stack_top;
    }
    cpu->arch.generation = CONTEXT_NONE;
    __asm__ volatile("mv tp, %0" : : "r"(cpu));
    riscv_write(sscratch, UINT64_C(0));
    riscv_write(stvec, (uint64_t)riscv_entry);
    riscv_clear(sstatus,
                STATUS_INTERRUPTS | STATUS_FLOATING | STATUS_PREVIOUS_KERNEL | STATUS_USER_MEMORY);
    riscv_write(scounteren, UINT64_C(COUNTERS_USER));
    riscv_write(sie, INTERRUPTS_ALL);
}

/* A CPU that waits is woken by what is pending, though it takes it only then. */
void arch_idle(bool sleep)
{
    if (sleep)
        __asm__ volatile("wfi");
    riscv_set(sstatus, STATUS_INTERRUPTS);
    riscv_clear(sstatus, STATUS_INTERRUPTS);
}

void arch_cpu_relax(void)
{
    cpu_poked();
}

bool riscv_start_hart(uint64_t hart, uint64_t entry)
{
    return sbi_call(&(struct sbi_call){SBI_HART_STATE, 0, {hart, entry}}) == 0;
}

void arch_cpu_poke(const struct cpu *cpu)
{
    sbi_call(&(struct sbi_call){SBI_SEND_INTERRUPT, 0, {1, cpu->arch.hardware_id}});
}

void riscv_poked(void)
{
    riscv_clear(sip, UINT64_C(1) << INTERRUPT_SOFTWARE);
    cpu_poked();
}
