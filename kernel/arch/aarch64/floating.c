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

#include <arch/floating_state.h>
#include <kernel/cpu.h>
#include <kernel/thread.h>

#define FLOATING_IN_KERNEL (UINT64_C(1) << 20) /* of CPACR_EL1: user mode's use traps */
#define FLOATING_EVERYWHERE (UINT64_C(3) << 20)

void arm_floating_init(void)
{
    ARM_WRITE("cpacr_el1", FLOATING_IN_KERNEL);
    arm_synchronize();
}

ARCH_COLD void arm_floating_put_away(struct cpu *cpu)
{
    arm_floating_store(cpu->arch.floating->arch.floating);
    cpu->arch.floating = NULL;
    ARM_WRITE("cpacr_el1", FLOATING_IN_KERNEL);
}

bool arm_floating_load(struct thread *thread)
{
    if (!floating_create(thread))
        return false;
    ARM_WRITE("cpacr_el1", FLOATING_EVERYWHERE);
    arm_floating_fetch(thread->arch.floating);
    cpu_current()->arch.floating = thread;
    return true;
}
