/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: starting other CPUs (SBI 1.0, section 9.1), one at a time: start.S takes
 * the new one to boot_secondary_main, on a stack of its own. Their counters are one clock.
 * Who waits looks once in a while and stands still in between: in an emulator that counts
 * instructions the new one gets nothing while it runs. A hart that comes when nobody waits
 * for it any more, while the next one may have the struct cpu, stands still for good.
 *
 * Older OpenSBI may let go a hart that happens to be awake with the address and argument of the
 * first one's entry, before it has stored its own. So all enter at one address, and what they
 * need is found here.
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
#define PATIENCE_NS UINT64_C(5000000000)
#define LOOK_NS UINT64_C(1000000)
#define STACK_RESERVED 16 /* at its top: the struct cpu */

/* Of `boot_awaited`, which else is a hart's id; start.S stores UINT64_MAX - 1 when it comes. */
#define HART_NONE UINT64_MAX
#define HART_READY (UINT64_MAX - 2)

_Atomic uint64_t boot_awaited = HART_NONE;
uint64_t boot_secondary_root, boot_secondary_stack;

static enum status await_answer(uint64_t hart)
{
    for (uint64_t end = time_now() + PATIENCE_NS; atomic_load(&boot_awaited) != HART_READY;) {
        uint64_t expected = hart;
        if (time_now() > end && atomic_compare_exchange_strong(&boot_awaited, &expected, HART_NONE))
            return STATUS_TIMED_OUT;
        arch_timer_set(time_to_ticks(LOOK_NS));
        __asm__ volatile("wfi");
    }
    return STATUS_OK;
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
    boot_secondary_stack = cpu->arch.stack_top - STACK_RESERVED;
    *(struct cpu **)boot_secondary_stack = cpu;
    atomic_store_explicit(&boot_awaited, hardware_id, memory_order_release);
    if (!riscv_start_hart(hardware_id, (uint64_t)boot_entry - LAYOUT_KERNEL))
        return STATUS_UNSUPPORTED;
    return await_answer(hardware_id);
}

_Noreturn void boot_secondary_main(struct cpu *cpu)
{
    arch_cpu_init(cpu);
    atomic_store_explicit(&boot_awaited, HART_READY, memory_order_release);
    kernel_main_secondary(cpu);
}
