/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: the firmware (RISC-V Supervisor Binary Interface 1.0), the console and the
 * power through it, the clock. The timer is a register where there is Sstc, else a
 * call. Status to the outside is told by a test finisher, where the machine has one.
 */
#include "riscv.h"

#include <arch/ask.h>
#include <arch/cpu.h>
#include <arch/page_table.h>
#include <trellis/boot_info.h>

#define FINISHER_FAIL 0x3333 /* of sifive,test0, with the exit status above it */
#define FINISHER_STATUS_SHIFT 16

static const struct boot_info *boot_information;
static volatile uint32_t *finisher;

int64_t sbi_call(const struct sbi_call *call)
{
    register uint64_t a0 __asm__("a0") = call->arguments[0];
    register uint64_t a1 __asm__("a1") = call->arguments[1];
    register uint64_t a2 __asm__("a2") = call->arguments[2];
    register uint64_t a3 __asm__("a3") = call->arguments[3];
    register uint64_t a4 __asm__("a4") = call->arguments[4];
    register uint64_t a6 __asm__("a6") = call->function;
    register uint64_t a7 __asm__("a7") = call->extension;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1)
                     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                     : "memory");
    return (int64_t)a0;
}

/* Console. */

void arch_console_put(uint8_t byte)
{
    sbi_call(&(struct sbi_call){SBI_PUT_CHARACTER, 0, {byte}});
}

/* Clock. */

uint64_t arch_counter_read(void)
{
    return riscv_read(time);
}

uint64_t arch_counter_frequency(void)
{
    return boot_information->timer_frequency;
}

/*
 * Where none is wanted one comes in a second: an emulator that passes over idle time goes to
 * the next there is, and the firmware has left one at the end of time.
 */
void arch_timer_set(uint64_t ticks)
{
    uint64_t now = arch_counter_read(), step = ticks;
    if (step == 0)
        step = boot_information->timer_frequency;
    uint64_t when = step > UINT64_MAX - now ? UINT64_MAX : now + step;
    if (boot_information->timer_compares != 0) {
        riscv_write(0x14d, when); /* stimecmp */
        return;
    }
    sbi_call(&(struct sbi_call){SBI_TIME, 0, {when}});
}

const char *arch_machine_init(const struct boot_info *boot)
{
    boot_information = boot;
    if (boot->timer_frequency == 0)
        return "a clock whose frequency the device tree says";
    if (boot->power_registers != 0)
        finisher = arch_map_device(boot->power_registers, sizeof(*finisher));
    return riscv_plic_init(boot);
}

/* The end. */

static _Noreturn void reset(enum sbi_reset how)
{
    sbi_call(&(struct sbi_call){SBI_RESET, 0, {how}});
    cpu_stand_still();
}

_Noreturn void arch_machine_restart(void)
{
    reset(SBI_COLD_REBOOT);
}

_Noreturn void arch_machine_stop(enum stop_kind kind)
{
    if (finisher != NULL)
        *finisher = FINISHER_FAIL | (uint32_t)kind << FINISHER_STATUS_SHIFT;
    reset(SBI_SHUT_DOWN);
}

/* What this architecture does not have. */

bool arch_random(uint64_t *value)
{
    return false;
}
