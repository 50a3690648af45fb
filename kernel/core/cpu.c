/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * CPUs are numbered in the order in which they come up. One that does not, or cannot be used, is
 * left out with a message, and so are those after it: the machine is the smaller, not broken. It
 * may run yet, and has the struct cpu that the next would get.
 */
#include <kernel/cpu.h>

#include <kernel/call_arguments.h>
#include <kernel/log.h>
#include <kernel/main.h>
#include <kernel/scheduler.h>

static struct cpu cpus[CPU_MAX] = {[0] = {.bit = 1}};
static _Atomic uint32_t online = 1;

struct cpu *cpu_get(uint32_t number)
{
    assert(number < CPU_MAX);
    return &cpus[number];
}

uint32_t cpu_count(void)
{
    return atomic_load_explicit(&online, memory_order_acquire);
}

void cpu_start_others(const struct boot_info *boot)
{
    for (uint32_t i = 1; i < boot->cpu_count && cpu_count() < CPU_MAX; i++) {
        struct cpu *cpu = &cpus[cpu_count()];
        cpu->number = cpu_count();
        cpu->bit = UINT64_C(1) << cpu->number;
        cpu->node = boot->cpu_nodes[i];
        scheduler_init_cpu(cpu->number);
        enum status status = arch_cpu_start(cpu, boot->cpu_ids[i]);
        if (status != STATUS_OK) {
            log_line("CPU %u is left out: it does not start (status %d)", i, (int)status);
            return;
        }
        atomic_fetch_add(&online, 1);
    }
}

_Noreturn void kernel_main_secondary(struct cpu *cpu)
{
    while (cpu_count() <= cpu->number)
        arch_cpu_relax();
    scheduler_leave_kernel();
}

int64_t call_cpu_number(struct thread *self)
{
    return cpu_current()->number;
}
