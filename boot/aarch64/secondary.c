/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: starting other CPUs, by PSCI (Arm DEN 0022) one at a time. start.S takes the new one
 * to boot_secondary_main with its struct cpu, which it finds at the top of its stack.
 */
#include "boot.h"

#include <arch/ask.h>
#include <arch/cpu.h>
#include <arch/page_table.h>
#include <arch/startup.h>
#include <kernel/cpu.h>
#include <kernel/main.h>
#include <kernel/page.h>

#define CPU_ON UINT64_C(0xc4000003) /* PSCI */
#define STACK_ORDER 2
#define PATIENCE_S 5 /* an emulator's CPU may be long away */

enum start_state { START_WAITED_FOR, START_DONE, START_REFUSED };

static _Atomic uint32_t start_state;

_Noreturn void boot_secondary_main(struct cpu *cpu)
{
    arch_cpu_init(cpu);
    bool usable = arm_gic_start_cpu();
    atomic_store_explicit(&start_state, usable ? START_DONE : START_REFUSED, memory_order_release);
    if (!usable)
        cpu_stand_still();
    kernel_main_secondary(cpu);
}

static enum status await_start(void)
{
    uint64_t start = arch_counter_read(), patience = arch_counter_frequency() * PATIENCE_S;
    while (atomic_load(&start_state) == START_WAITED_FOR)
        if (arch_counter_read() - start > patience)
            return STATUS_TIMED_OUT;
    return atomic_load(&start_state) == START_DONE ? STATUS_OK : STATUS_UNSUPPORTED;
}

/* A stack whose CPU never came stays taken: it may come yet. */
enum status arch_cpu_start(struct cpu *cpu, uint64_t hardware_id)
{
    struct page *stack;
    enum status status = page_allocate(NULL, STACK_ORDER, PAGE_NODE_ANY, &stack);
    if (status != STATUS_OK)
        return status;
    cpu->arch.hardware_id = hardware_id;
    cpu->arch.stack_top = (uint64_t)page_address(stack) + KERNEL_STACK_SIZE;
    *(struct cpu **)(cpu->arch.stack_top - 16) = cpu;
    atomic_store_explicit(&start_state, START_WAITED_FOR, memory_order_release);
    if (arm_firmware_call(CPU_ON, hardware_id, arch_virtual_to_physical(boot_secondary_entry),
                          cpu->arch.stack_top) != 0) {
        page_release(stack);
        return STATUS_UNSUPPORTED;
    }
    return await_start();
}
