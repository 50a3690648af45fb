/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * One program instead of the system: tests of native calls are programs that
 * are judged by their end. The program is a service with every resource; when
 * it ends, init itself writes the EXIT frame to the UART, which no driver has
 * then, and stops the emulator.
 */
#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <protocols/console.h>
#include <trellis/native.h>

#include "init.h"

#define UART_DATA 0x3f8
#define UART_STATUS 0x3fd
#define UART_STATUS_TRANSMIT (1u << 5)
#define STATUS_POLLS 100000
#define BODY_SIZE (1 + sizeof(struct console_exit) + CONSOLE_CHECK_SIZE)
#define FAULT_VALUE 125 /* of a program that did not end by itself */

static uint16_t check_of(const uint8_t *bytes, size_t size)
{
    uint16_t check = CONSOLE_CHECK_START;
    for (size_t i = 0; i < size; i++) {
        check ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            check = (uint16_t)(check >> 1) ^ ((check & 1) != 0 ? CONSOLE_CHECK_POLYNOMIAL : 0);
    }
    return (uint16_t)~check;
}

/* An EXIT frame as it goes over the wire; its length. */
static size_t make_frame(uint8_t value, uint8_t wire[2 * BODY_SIZE + 2])
{
    uint8_t body[BODY_SIZE] = {CONSOLE_EXIT, CONSOLE_EXITED, value};
    uint16_t check = check_of(body, BODY_SIZE - CONSOLE_CHECK_SIZE);
    body[BODY_SIZE - 2] = (uint8_t)check;
    body[BODY_SIZE - 1] = (uint8_t)(check >> 8);
    size_t length = 0;
    wire[length++] = CONSOLE_FLAG;
    for (size_t i = 0; i < BODY_SIZE; i++) {
        bool stuffed = body[i] == CONSOLE_FLAG || body[i] == CONSOLE_ESCAPE;
        if (stuffed)
            wire[length++] = CONSOLE_ESCAPE;
        wire[length++] = stuffed ? body[i] ^ CONSOLE_FLIP : body[i];
    }
    wire[length++] = CONSOLE_FLAG;
    return length;
}

/* A frame fits in the UART's FIFO: it goes out in one piece once that is empty. */
static void send(const uint8_t *bytes, size_t length)
{
    uint8_t status = 0;
    for (int i = 0; i < STATUS_POLLS && (status & UART_STATUS_TRANSMIT) == 0; i++)
        (void)native_ioport_read(init.handles->ioports, UART_STATUS, 1, &status, 1);
    (void)native_ioport_write(init.handles->ioports, UART_DATA, 1, bytes, length);
}

static _Noreturn void finish(uint8_t value)
{
    uint8_t wire[2 * BODY_SIZE + 2], off = CONSOLE_POWER_OFF;
    send(wire, make_frame(value, wire));
    (void)native_ioport_write(init.handles->ioports, CONSOLE_POWER_PORT, 1, &off, 1);
    service_fail("the emulator did not stop");
}

/* Not in the manifest, so that no system can contain it by mistake. */
static struct manifest_service entry_of(const char *program, size_t length)
{
    struct manifest_service entry = {
        .name = "test",
        .priority = PRIORITY_NORMAL,
        .limits = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
        .resources = (1u << MANIFEST_RESOURCE_COUNT) - 1,
        .endpoint = true,
    };
    if (length >= sizeof(entry.program))
        service_fail("the program's name is too long");
    memcpy(entry.program, program, length);
    return entry;
}

_Noreturn void single_run(const char *program, size_t length)
{
    static struct manifest_service entry;
    struct service *service = &init.services[MANIFEST_SERVICES - 1];
    struct process_information information;
    struct wait_item item = {.mask = SIGNAL_ENDED};
    char how[96];
    entry = entry_of(program, length);
    *service = (struct service){.entry = &entry, .restart_ns = DEADLINE_NEVER};
    if (init.manifest.count == MANIFEST_SERVICES || service_create(service) != STATUS_OK)
        finish(FAULT_VALUE);
    item.handle = service->process;
    while (native_wait_many(&item, 1, DEADLINE_NEVER) < 1)
        continue;
    supervise_describe_end(service->process, &information, how, sizeof(how));
    log_print("%s %s", entry.program, how);
    finish(information.reason == END_FAULT ? FAULT_VALUE : (uint8_t)information.code);
}
