/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Legacy devices stand at ports that the PC architecture fixes; whether one is
 * there is found out by a register that keeps what is written to it.
 */
#include "device.h"

#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

struct legacy {
    const char *name, *driver;
    uint32_t first, count; /* ports */
    uint32_t line;         /* legacy interrupt line, or DEVICE_NO_LINE */
    bool (*probe)(const struct legacy *legacy);
};

static bool keeps_value(uint32_t port, uint8_t value)
{
    handle_t ports = service_need_handle("ioports");
    uint8_t read = (uint8_t)~value;
    return native_ioport_write(ports, port, 1, &value, 1) >= 0 &&
           native_ioport_read(ports, port, 1, &read, 1) >= 0 && read == value;
}

/* A 16550 has a scratch register (PC16550D, section 8.8); nothing at all reads as ones. */
static bool probe_serial(const struct legacy *legacy)
{
    uint32_t scratch = legacy->first + 7;
    return keeps_value(scratch, 0x5a) && keeps_value(scratch, 0xa5);
}

/* The clock says in register D whether its memory is valid; the other bits are zero. */
static bool probe_clock(const struct legacy *legacy)
{
    handle_t ports = service_need_handle("ioports");
    uint8_t index = 0x0d, value = 0xff;
    return native_ioport_write(ports, legacy->first, 1, &index, 1) >= 0 &&
           native_ioport_read(ports, legacy->first + 1, 1, &value, 1) >= 0 && (value & 0x7f) == 0;
}

static const struct legacy legacies[] = {
    {"serial0", "uart16550", 0x3f8, 8, 4, probe_serial},
    {"clock0", "cmos", 0x70, 2, DEVICE_NO_LINE, probe_clock},
};

/* Where a legacy line arrives, and how (ACPI MADT overrides); wired one to one if nothing is said. */
static void find_line(const struct boot_info *boot, struct device *device)
{
    uint32_t legacy_line = device->line;
    for (uint32_t i = 0; i < boot->override_count && i < BOOT_INTERRUPT_OVERRIDES; i++) {
        const struct boot_interrupt_override *override = &boot->overrides[i];
        if (override->source != legacy_line)
            continue;
        device->line = override->line;
        device->flags = ((override->flags & 1) != 0 ? INTERRUPT_ACTIVE_LOW : 0) |
                        ((override->flags & 2) != 0 ? INTERRUPT_LEVEL : 0);
    }
}

static const struct legacy *find_legacy(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(legacies) / sizeof(legacies[0]); i++) {
        const struct legacy *legacy = &legacies[i];
        if (strlen(legacy->name) == length && memcmp(legacy->name, name, length) == 0)
            return legacy->probe(legacy) ? legacy : NULL;
    }
    return NULL;
}

bool legacy_find_device(const struct boot_info *boot, const char *name, size_t length,
                        struct device *device)
{
    const struct legacy *legacy = find_legacy(name, length);
    if (legacy == NULL)
        return false;
    *device = (struct device){
        .driver = legacy->driver,
        .registers = {.kind = START_REGISTERS_PORTS,
                      .first = legacy->first,
                      .count = legacy->count},
        .line = legacy->line,
    };
    if (legacy->line != DEVICE_NO_LINE)
        find_line(boot, device);
    return true;
}
