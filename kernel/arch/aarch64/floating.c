/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: floating point and vector state, loaded lazily.
 *
 * The registers belong to one thread, cpu->arch.floating; while another runs,
 * its first use traps (CPACR_EL1.FPEN), and then the state changes hands. The
 * kernel itself is compiled without these registers, and SVE stays off.
 * docs/decisions/0006-lazy-floating-point.md says why not eagerly.
 */
#include "arm.h"

#include <arch/thread.h>
#include <kernel/cpu.h>
#include <kernel/process.h>
#include <kernel/slab.h>
#include <kernel/thread.h>

#define FLOATING_IN_KERNEL (UINT64_C(1) << 20) /* of CPACR_EL1: user mode's use traps */
#define FLOATING_EVERYWHERE (UINT64_C(3) << 20)

static void set_floating_off(struct cpu *cpu, bool off)
{
    if (cpu->arch.floating_off == off)
        return;
    cpu->arch.floating_off = off;
    ARM_WRITE("cpacr_el1", off ? FLOATING_IN_KERNEL : FLOATING_EVERYWHERE);
}

void arm_floating_init(void)
{
    ARM_WRITE("cpacr_el1", FLOATING_IN_KERNEL);
    arm_synchronize();
    cpu_current()->arch.floating_off = true;
}

static enum status allocate_state(struct thread *thread, struct account *account)
{
    thread->arch.floating = memory_allocate(account, sizeof(struct arm_floating));
    thread->arch.floating_account = account;
    return thread->arch.floating != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

ARCH_COLD void arm_floating_put_away(struct cpu *cpu)
{
    arm_floating_store(cpu->arch.floating->arch.floating);
    cpu->arch.floating = NULL;
    set_floating_off(cpu, true);
}

bool arm_floating_load(struct thread *thread)
{
    struct cpu *cpu = cpu_current();
    if (thread->arch.floating == NULL &&
        allocate_state(thread, thread->process->account) != STATUS_OK)
        return false;
    set_floating_off(cpu, false);
    arm_floating_fetch(thread->arch.floating);
    cpu->arch.floating = thread;
    return true;
}

enum status arch_thread_clone(struct thread *thread, struct thread *from)
{
    if (from->arch.floating != NULL) {
        enum status status = allocate_state(thread, thread->process->account);
        if (status != STATUS_OK)
            return status;
        *(struct arm_floating *)thread->arch.floating = *(struct arm_floating *)from->arch.floating;
    }
    arch_thread_get_registers(from, &thread->arch.registers);
    return STATUS_OK;
}

void arch_thread_free(struct thread *thread)
{
    if (thread->arch.floating != NULL)
        memory_free(thread->arch.floating_account, thread->arch.floating,
                    sizeof(struct arm_floating));
    thread->arch.floating = NULL;
}
