/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: starting other CPUs (SBI 1.0, section 9.1), one at a time: start.S takes
 * the new one to boot_secondary_main. Their counters are one clock. Who waits looks once
 * in a while and stands still in between: in an emulator that counts instructions the new
 * one gets nothing while it runs.
 */
#include "boot.h"

#include <arch/cpu.h>
#include <arch/radix.h>
#include <arch/startup.h>
#include <kernel/cpu.h>
#include <kernel/main.h>
#include <kernel/page.h>
#include <kernel/time.h>

#define STACK_ORDER (KERNEL_STACK_SHIFT - PAGE_SHIFT)
#define LOOKS 1000
#define LOOK_NS UINT64_C(1000000)

uint64_t boot_secondary_root, boot_secondary_stack;
struct cpu *boot_secondary_cpu;

static _Atomic bool has_answered;

static bool await_answer(void)
{
    for (unsigned i = 0; i < LOOKS && !atomic_load(&has_answered); i++) {
        arch_timer_set(time_to_ticks(LOOK_NS));
        __asm__ volatile("wfi");
    }
    return atomic_load(&has_answered);
}

enum status arch_cpu_start(struct cpu *cpu, uint64_t hardware_id)
{
    struct page *block;
    enum status status = page_allocate(NULL, STACK_ORDER, PAGE_NODE_ANY, &block);
    if (status != STATUS_OK)
        return status;
    cpu->arch.hardware_id = hardware_id;
    cpu->arch.stack_top =
        arch_map_kernel(page_physical(block), KERNEL_STACK_SIZE, PTE_READ | PTE_WRITE) +
        KERNEL_STACK_SIZE;
    boot_secondary_root = arch_kernel_root();
    boot_secondary_stack = cpu->arch.stack_top;
    boot_secondary_cpu = cpu;
    atomic_store(&has_answered, false);
    if (!riscv_start_hart(hardware_id, (uint64_t)boot_secondary_entry - LAYOUT_KERNEL))
        return STATUS_UNSUPPORTED;
    return await_answer() ? STATUS_OK : STATUS_TIMED_OUT;
}

_Noreturn void boot_secondary_main(struct cpu *cpu)
{
    arch_cpu_init(cpu);
    atomic_store(&has_answered, true);
    kernel_main_secondary(cpu);
}
