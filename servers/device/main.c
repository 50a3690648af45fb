/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The device server: which devices the machine has, and the power switch.
 *
 * Legacy devices stand at ports that the PC architecture fixes; whether one is
 * there is found out by a register that keeps what is written to it. A device's
 * registers and interrupt go to init, which gives them to its driver; the
 * server keeps nothing of them.
 */
#include <base/ipc.h>
#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <protocols/device.h>
#include <trellis/boot_info.h>
#include <trellis/native.h>

#define NO_LINE UINT32_MAX

struct device {
    const char *name;
    uint32_t first, count; /* ports */
    uint32_t line;         /* legacy interrupt line, or NO_LINE */
    bool (*probe)(const struct device *device);
};

static handle_t ports;
static const struct boot_info *boot;

static bool keeps_value(uint32_t port, uint8_t value)
{
    uint8_t read = (uint8_t)~value;
    return native_ioport_write(ports, port, 1, &value, 1) >= 0 &&
           native_ioport_read(ports, port, 1, &read, 1) >= 0 && read == value;
}

/* A 16550 has a scratch register (PC16550D, section 8.8); nothing at all reads as ones. */
static bool probe_serial(const struct device *device)
{
    uint32_t scratch = device->first + 7;
    return keeps_value(scratch, 0x5a) && keeps_value(scratch, 0xa5);
}

/* The clock says in register D whether its memory is valid; the other bits are zero. */
static bool probe_clock(const struct device *device)
{
    uint8_t index = 0x0d, value = 0xff;
    return native_ioport_write(ports, device->first, 1, &index, 1) >= 0 &&
           native_ioport_read(ports, device->first + 1, 1, &value, 1) >= 0 && (value & 0x7f) == 0;
}

static const struct device devices[] = {
    {"serial0", 0x3f8, 8, 4, probe_serial},
    {"clock0", 0x70, 2, NO_LINE, probe_clock},
};

static const struct device *find_device(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (strlen(devices[i].name) == length && memcmp(devices[i].name, name, length) == 0)
            return devices[i].probe(&devices[i]) ? &devices[i] : NULL;
    }
    return NULL;
}

/* Where a legacy line arrives, and how (ACPI MADT overrides); wired one to one if nothing is said. */
static int64_t make_interrupt(uint32_t legacy_line)
{
    uint32_t line = legacy_line, flags = 0;
    for (uint32_t i = 0; i < boot->override_count && i < BOOT_INTERRUPT_OVERRIDES; i++) {
        const struct boot_interrupt_override *override = &boot->overrides[i];
        if (override->source != legacy_line)
            continue;
        line = override->line;
        flags = ((override->flags & 1) != 0 ? INTERRUPT_ACTIVE_LOW : 0) |
                ((override->flags & 2) != 0 ? INTERRUPT_LEVEL : 0);
    }
    return native_interrupt_create(service_need_handle("interrupts"),
                                   service_need_handle("account"), line, flags);
}

static uint32_t claim(struct message *message)
{
    struct frame *frame = ipc_frame();
    const struct device *device =
        find_device(frame_text(frame), message_text_length(message->information));
    if (device == NULL)
        return STATUS_NOT_FOUND;
    int64_t registers = native_ioport_create(ports, device->first, device->count);
    if (registers < 0)
        return status_of_result(registers);
    int64_t interrupt = device->line == NO_LINE ? 0 : make_interrupt(device->line);
    if (interrupt < 0) {
        (void)native_handle_close((handle_t)registers);
        return status_of_result(interrupt);
    }
    message_begin(message, STATUS_OK);
    message_add_handle(message, frame, (handle_t)registers, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    if (interrupt != 0)
        message_add_handle(message, frame, (handle_t)interrupt, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    message->words[0] = START_REGISTERS_PORTS;
    message->words[1] = device->first;
    message->words[2] = device->count;
    return STATUS_OK;
}

static uint32_t set_power(uint64_t power)
{
    if (power != DEVICE_POWER_OFF && power != DEVICE_POWER_RESTART)
        return STATUS_INVALID;
    uint32_t how = power == DEVICE_POWER_OFF ? MACHINE_OFF : MACHINE_RESTART;
    return status_of_result(native_machine_stop(service_need_handle("interrupts"), how, 0));
}

/* Makes the request into its reply. */
static void serve(struct message *message)
{
    uint32_t status = STATUS_UNSUPPORTED;
    switch (message_label(message->information)) {
    case DEVICE_CLAIM:
        status = message->badge == START_INIT_BADGE ? claim(message) : STATUS_NO_RIGHT;
        break;
    case DEVICE_POWER:
        status = set_power(message->words[0]);
        break;
    default:
        break;
    }
    if (status != STATUS_OK)
        message_begin(message, status);
}

void service_main(const struct start_block *start)
{
    struct message message;
    handle_t endpoint = service_need_handle("endpoint");
    ports = service_need_handle("ioports");
    int64_t address =
        native_map(service_self(), service_need_handle("boot_info"), 0, 0, sizeof(*boot), MAP_READ);
    if (address < 0)
        service_fail("the boot information cannot be mapped: status %d", (int)-address);
    boot = (const struct boot_info *)address;
    int64_t received = ipc_receive(endpoint, &message);
    for (;;) {
        if (received == RECEIVED_CALL) {
            serve(&message);
            received = ipc_reply_and_wait(endpoint, &message);
        } else {
            received = ipc_receive(endpoint, &message);
        }
    }
}
