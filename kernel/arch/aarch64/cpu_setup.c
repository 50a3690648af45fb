/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: the system registers of one CPU (Arm ARM, chapter D17). */
#include "arm.h"

#include <arch/ask.h>
#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/page_table.h>
#include <arch/thread.h>
#include <kernel/cpu.h>

/* SCTLR_EL1. Those that are 1 on processors without what they control stay so. */
#define CONTROL_RESERVED UINT64_C(0x30500800)
#define CONTROL_TRANSLATION (UINT64_C(1) << 0)
#define CONTROL_DATA_CACHE (UINT64_C(1) << 2)
#define CONTROL_USER_STACK_ALIGNMENT (UINT64_C(1) << 4)
#define CONTROL_INSTRUCTION_CACHE (UINT64_C(1) << 12)
#define CONTROL_USER_ZEROING (UINT64_C(1) << 14)
#define CONTROL_USER_CACHE_TYPE (UINT64_C(1) << 15)
#define CONTROL_USER_WAIT_INTERRUPT (UINT64_C(1) << 16)
#define CONTROL_USER_WAIT_EVENT (UINT64_C(1) << 18)
#define CONTROL_PAN_UNCHANGED (UINT64_C(1) << 23) /* by an exception; else it is set */
#define CONTROL_USER_CACHES (UINT64_C(1) << 26)
#define CONTROL                                                                                    \
    (CONTROL_RESERVED | CONTROL_TRANSLATION | CONTROL_DATA_CACHE | CONTROL_USER_STACK_ALIGNMENT |  \
     CONTROL_INSTRUCTION_CACHE | CONTROL_USER_ZEROING | CONTROL_USER_CACHE_TYPE |                  \
     CONTROL_USER_WAIT_INTERRUPT | CONTROL_USER_WAIT_EVENT | CONTROL_USER_CACHES)

#define TIMER_USER_VIRTUAL_COUNTER (UINT64_C(1) << 1) /* of CNTKCTL_EL1 */

static void enable_features(void)
{
    bool has_access_prevention = ARM_FIELD("id_aa64mmfr1_el1", 20) != 0;
    ARM_WRITE("sctlr_el1", CONTROL | (has_access_prevention ? 0 : CONTROL_PAN_UNCHANGED));
    arm_synchronize();
    if (has_access_prevention)
        __asm__ volatile(".inst 0xd500419f"); /* msr pan, #1 */
}

void arch_cpu_init(struct cpu *cpu)
{
    if (cpu->number == 0)
        cpu->arch.stack_top = (uint64_t)boot_stack_top;
    ARM_WRITE("tpidr_el1", cpu);
    ARM_WRITE("tpidrro_el0", 0);
    ARM_WRITE("vbar_el1", arm_vectors);
    ARM_WRITE("mdscr_el1", 0);
    ARM_WRITE("cntkctl_el1", TIMER_USER_VIRTUAL_COUNTER);
    cpu->arch.generation = CONTEXT_NONE;
    enable_features();
    arch_table_switch(NULL);
    __asm__ volatile("tlbi vmalle1; dsb nsh; isb" : : : "memory"); /* what start.S ran on */
    arm_floating_init();
}

/* What others change in page tables a CPU sees without being asked: TLB maintenance is broadcast. */
void arch_cpu_relax(void)
{
    __asm__ volatile("yield");
    cpu_poked();
}

void arch_idle(bool sleep)
{
    if (sleep)
        __asm__ volatile("wfi" : : : "memory");
    __asm__ volatile("msr daifclr, #2; isb; msr daifset, #2" : : : "memory");
}
