/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: the virtual counter and timer of the Generic Timer (Arm ARM, chapter D11). */
#include "arm.h"

#include <arch/cpu.h>
#include <trellis/boot_info.h>

#define LINE_ARCHITECTED 27 /* Base System Architecture: the EL1 virtual timer */
#define CONTROL_ENABLE 1
#define TICKS_MAX (UINT64_C(1) << 56)

static uint32_t timer_line;

uint32_t arm_clock_line(void)
{
    return timer_line;
}

uint64_t arch_counter_read(void)
{
    arm_synchronize();
    return ARM_READ("cntvct_el0");
}

uint64_t arch_counter_frequency(void)
{
    return ARM_READ("cntfrq_el0");
}

void arch_timer_set(uint64_t ticks)
{
    if (ticks != 0)
        ARM_WRITE("cntv_cval_el0", arch_counter_read() + (ticks < TICKS_MAX ? ticks : TICKS_MAX));
    ARM_WRITE("cntv_ctl_el0", ticks != 0 ? CONTROL_ENABLE : 0);
    arm_synchronize();
}

const char *arch_machine_init(const struct boot_info *boot)
{
    arm_firmware_init(boot);
    timer_line = boot->timer_line != 0 ? boot->timer_line : LINE_ARCHITECTED;
    if (arch_counter_frequency() == 0)
        return "a frequency of the generic timer (CNTFRQ_EL0)";
    return arm_gic_init(boot);
}
