/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: the PL011 as early console (Arm DDI 0183), random numbers, and the
 * end of the machine: by semihosting where an emulator listens, else by PSCI
 * (Arm DEN 0022).
 */
#include "arm.h"

#include <arch/ask.h>
#include <arch/cpu.h>
#include <arch/layout.h>
#include <trellis/boot_info.h>

#define SERIAL_DATA 0x00
#define SERIAL_FLAGS 0x18
#define SERIAL_FULL (1u << 5)
#define SERIAL_SPINS 1000000 /* a line that is not there never has room */

#define SEMIHOSTING_EXIT 0x18
#define SEMIHOSTING_APPLICATION_EXIT 0x20026

#define POWER_OFF 0x84000008 /* PSCI functions */
#define POWER_RESET 0x84000009

static uint32_t firmware; /* enum boot_firmware */

void arm_firmware_init(const struct boot_info *boot)
{
    firmware = boot->firmware;
}

void arch_console_put(uint8_t byte)
{
    volatile uint8_t *serial = (volatile uint8_t *)LAYOUT_CONSOLE;
    for (unsigned spins = 0; (*(volatile uint32_t *)(serial + SERIAL_FLAGS) & SERIAL_FULL) != 0;)
        if (++spins == SERIAL_SPINS)
            return;
    *(volatile uint32_t *)(serial + SERIAL_DATA) = byte;
}

/* RNDR, FEAT_RNG: the Z flag says that there was none. */
bool arch_random(uint64_t *value)
{
    uint32_t drawn;
    if (ARM_FIELD("id_aa64isar0_el1", 60) == 0)
        return false;
    __asm__ volatile("mrs %0, s3_3_c2_c4_0\n\t"
                     "cset %w1, ne"
                     : "=r"(*value), "=r"(drawn)
                     :
                     : "cc");
    return drawn != 0;
}

/* The end. */

/* SMC Calling Convention 1.0: x0 to x17 are not kept. */
#define FIRMWARE_CLOBBERS                                                                          \
    "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",    \
        "memory"

int64_t arm_firmware_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;
    if (firmware == BOOT_FIRMWARE_PSCI_HVC)
        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : FIRMWARE_CLOBBERS);
    else if (firmware == BOOT_FIRMWARE_PSCI_SMC)
        __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : FIRMWARE_CLOBBERS);
    return (int64_t)x0;
}

_Noreturn void cpu_stand_still(void)
{
    for (;;)
        __asm__ volatile("wfi");
}

/* Arm "Semihosting for AArch64", section 2.1. Where nobody listens the instruction is none,
 * and is passed over like a copy that fails. */
static void semihosting_call(uint64_t operation, const uint64_t *parameters)
{
    register uint64_t x0 __asm__("x0") = operation;
    register const uint64_t *x1 __asm__("x1") = parameters;
    __asm__ volatile("1: hlt #0xf000\n"
                     "2:\n"
                     ".pushsection .copy_fixups, \"a\"\n"
                     ".balign 8\n"
                     ".quad 1b, 2b\n"
                     ".popsection"
                     : "+r"(x0)
                     : "r"(x1)
                     : "memory");
}

_Noreturn void arch_machine_stop(enum stop_kind kind)
{
    const uint64_t parameters[2] = {SEMIHOSTING_APPLICATION_EXIT, kind};
    semihosting_call(SEMIHOSTING_EXIT, parameters);
    (void)arm_firmware_call(POWER_OFF, 0, 0, 0);
    cpu_stand_still();
}

_Noreturn void arch_machine_restart(void)
{
    (void)arm_firmware_call(POWER_RESET, 0, 0, 0);
    cpu_stand_still();
}
