/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "power.h"

#include <base/log.h>
#include <protocols/console.h>
#include <protocols/device.h>
#include <trellis/native.h>
#include <trellis/status.h>

/* ACPI 6.5, 4.8.3.2.1: PM1 control. The sleep type of "soft off" is 0 on the emulated chipsets. */
#define PM1_SLEEP_ENABLE (1u << 13)

/* The keyboard controller's command that pulses the reset line (IBM PC/AT). */
#define KEYBOARD_COMMAND_PORT 0x64
#define KEYBOARD_PULSE_RESET 0xfe

static void emulator_exit(handle_t ports)
{
    uint8_t value = CONSOLE_POWER_OFF;
    (void)native_ioport_write(ports, CONSOLE_POWER_PORT, 1, &value, 1);
}

static void acpi_off(handle_t ports, uint32_t port)
{
    uint16_t value = PM1_SLEEP_ENABLE;
    (void)native_ioport_write(ports, port, 2, (const void *)&value, sizeof(value));
}

static void reset(handle_t ports)
{
    uint8_t value = KEYBOARD_PULSE_RESET;
    (void)native_ioport_write(ports, KEYBOARD_COMMAND_PORT, 1, &value, 1);
}

uint32_t power_set(handle_t ports, const struct boot_info *boot, uint64_t power)
{
    if (power != DEVICE_POWER_OFF && power != DEVICE_POWER_RESTART)
        return STATUS_INVALID;
    if (power == DEVICE_POWER_OFF) {
        emulator_exit(ports);
        if (boot->power_port != 0)
            acpi_off(ports, (uint32_t)boot->power_port);
        log_print("the machine cannot be turned off: starting it again");
    }
    reset(ports);
    return STATUS_UNSUPPORTED;
}
