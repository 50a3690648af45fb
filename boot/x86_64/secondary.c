/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: starting other CPUs (Intel SDM volume 3, section 8.4).
 *
 * One at a time: secondary.S takes the new CPU to boot_secondary_main. The first
 * CPU asks it for its time stamp counter some times; each answer must lie between
 * two readings of the first CPU's own, or the CPU is not used.
 */
#include "boot.h"

#include <arch/cpu.h>
#include <arch/layout.h>
#include <arch/page_table.h>
#include <arch/startup.h>
#include <arch/translation.h>
#include <kernel/cpu.h>
#include <kernel/main.h>
#include <kernel/page.h>
#include <kernel/string.h>
#include <kernel/time.h>

#define STACKS_ORDER 3 /* of their block: four pages, and one each for what is fatal */
#define ANSWER_NS UINT64_C(5000000000) /* an emulator's may be long away */
#define RETRY_NS UINT64_C(10000000)
#define ROUNDS 8 /* of comparing counters */

uint64_t boot_secondary_root, boot_secondary_stack;
struct cpu *boot_secondary_cpu;

/* What the new CPU was asked for last, what it has answered, and its counter then. */
static _Atomic uint64_t question, answer;
static _Atomic uint64_t answered_counter;

static bool wait_for_answer(uint64_t number, uint64_t duration)
{
    for (uint64_t end = time_now() + duration; atomic_load(&answer) != number; arch_cpu_relax())
        if (time_now() > end)
            return false;
    return true;
}

/* Whether the new CPU's counter, read between two readings of this one's, lies between them. */
static bool counters_agree(void)
{
    for (uint64_t round = 2; round < 2 + ROUNDS; round++) {
        uint64_t before = arch_counter_read();
        atomic_store_explicit(&question, round, memory_order_release);
        if (!wait_for_answer(round, ANSWER_NS))
            return false;
        uint64_t seen = atomic_load(&answered_counter);
        if (seen < before || seen > arch_counter_read())
            return false;
    }
    return true;
}

static enum status wake(uint32_t hardware_id)
{
    x86_apic_send(hardware_id, APIC_INIT);
    x86_apic_send(hardware_id, APIC_STARTUP | LAYOUT_STARTUP >> PAGE_SHIFT);
    if (wait_for_answer(1, RETRY_NS))
        return STATUS_OK;
    x86_apic_send(hardware_id, APIC_STARTUP | LAYOUT_STARTUP >> PAGE_SHIFT);
    return wait_for_answer(1, ANSWER_NS) ? STATUS_OK : STATUS_TIMED_OUT;
}

enum status arch_cpu_start(struct cpu *cpu, uint64_t hardware_id)
{
    if (boot_secondary_code_end - boot_secondary_code > (int64_t)PAGE_SIZE)
        return STATUS_UNSUPPORTED;
    struct page *block;
    enum status status = page_allocate(NULL, STACKS_ORDER, PAGE_NODE_ANY, &block);
    if (status != STATUS_OK)
        return status;
    cpu->arch.hardware_id = (uint32_t)hardware_id;
    cpu->arch.stack_top =
        arch_map_kernel(page_physical(block), KERNEL_STACK_SIZE, PTE_READ | PTE_WRITE) +
        KERNEL_STACK_SIZE;
    cpu->arch.fatal_stacks = (char *)page_address(block) + KERNEL_STACK_SIZE;
    memcpy(arch_physical_to_virtual(LAYOUT_STARTUP), boot_secondary_code,
           (size_t)(boot_secondary_code_end - boot_secondary_code));
    boot_secondary_root = translation_root();
    boot_secondary_stack = cpu->arch.stack_top;
    boot_secondary_cpu = cpu;
    atomic_store_explicit(&question, 0, memory_order_release);
    atomic_store_explicit(&answer, 0, memory_order_release);
    status = wake((uint32_t)hardware_id);
    if (status == STATUS_OK && !counters_agree())
        status = STATUS_UNSUPPORTED;
    return status;
}

_Noreturn void boot_secondary_main(struct cpu *cpu)
{
    arch_cpu_init(cpu);
    x86_apic_start_local();
    atomic_store_explicit(&answer, 1, memory_order_release);
    for (uint64_t round = 2; round < 2 + ROUNDS; round++) {
        while (atomic_load(&question) != round)
            arch_cpu_relax();
        atomic_store_explicit(&answered_counter, arch_counter_read(), memory_order_release);
        atomic_store_explicit(&answer, round, memory_order_release);
    }
    kernel_main_secondary(cpu);
}
