/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The device server: which devices the machine has, and the power switch.
 *
 * Where there is a device tree it says what there is; else legacy devices are looked
 * for at the ports that the PC architecture fixes. A device's registers and interrupt
 * go to init, which gives them to its driver; the server keeps nothing of them.
 */
#include "device.h"

#include <base/ipc.h>
#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <device_tree/tree.h>
#include <protocols/device.h>
#include <trellis/boot_info.h>
#include <trellis/native.h>

#define PAGE_MASK UINT64_C(0xfff)

static const struct boot_info *boot;
static const void *tree; /* NULL where there is none */

static uint64_t map(handle_t memory, uint64_t size, uint32_t flags)
{
    int64_t address = native_map(service_self(), memory, 0, 0, size, flags);
    if (address < 0)
        service_fail("what boot left cannot be mapped: status %d", (int)-address);
    return (uint64_t)address;
}

/* What is not RAM is read by whole words only. */
static const void *copy_tree(void)
{
    uint64_t offset = boot->device_tree & PAGE_MASK;
    uint64_t size = (offset + boot->device_tree_size + PAGE_MASK) & ~PAGE_MASK;
    int64_t memory = native_memory_create_physical(service_need_handle("iospace"),
                                                   boot->device_tree - offset, size);
    if (memory < 0)
        service_fail("the device tree cannot be had: status %d", (int)-memory);
    const volatile uint64_t *from = (const uint64_t *)map((handle_t)memory, size, MAP_READ);
    uint64_t *to = (uint64_t *)map(HANDLE_NONE, size, MAP_READ | MAP_WRITE);
    for (uint64_t i = 0; i < size / sizeof(*to); i++)
        to[i] = from[i];
    (void)native_unmap(service_self(), (uint64_t)from, size);
    (void)native_handle_close((handle_t)memory);
    const void *copied = (const char *)to + offset;
    if (!tree_check(copied, boot->device_tree_size))
        service_fail("the device tree is damaged");
    return copied;
}

static int64_t make_registers(const struct device *device)
{
    if (device->registers.kind == START_REGISTERS_PORTS)
        return native_ioport_create(service_need_handle("ioports"),
                                    (uint32_t)device->registers.first,
                                    (uint32_t)device->registers.count);
    uint64_t size = (device->registers.count + PAGE_MASK) & ~PAGE_MASK;
    return native_memory_create_physical(service_need_handle("iospace"), device->registers.first,
                                         size);
}

static int64_t make_interrupt(const struct device *device)
{
    return native_interrupt_create(service_need_handle("interrupts"),
                                   service_need_handle("account"), device->line, device->flags);
}

static bool find_device(const char *name, size_t length, struct device *device)
{
    if (tree != NULL)
        return tree_find_device(tree, name, length, device);
    return legacy_find_device(boot, name, length, device);
}

static uint32_t claim(struct message *message)
{
    struct frame *frame = ipc_frame();
    struct device device;
    if (!find_device(frame_text(frame), message_text_length(message->information), &device))
        return STATUS_NOT_FOUND;
    int64_t registers = make_registers(&device);
    if (registers < 0)
        return status_of_result(registers);
    int64_t interrupt = device.line == DEVICE_NO_LINE ? 0 : make_interrupt(&device);
    if (interrupt < 0) {
        (void)native_handle_close((handle_t)registers);
        return status_of_result(interrupt);
    }
    message_begin(message, STATUS_OK);
    message_copy_text(message, frame, device.driver, strlen(device.driver));
    message_add_handle(message, frame, (handle_t)registers, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    if (interrupt != 0)
        message_add_handle(message, frame, (handle_t)interrupt, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    message->words[0] = device.registers.kind;
    message->words[1] = device.registers.first;
    message->words[2] = device.registers.count;
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
    int64_t address =
        native_map(service_self(), service_need_handle("boot_info"), 0, 0, sizeof(*boot), MAP_READ);
    if (address < 0)
        service_fail_status(status_of_result(address),
                            "the boot information cannot be mapped: status %d", (int)-address);
    boot = (const struct boot_info *)address;
    if (boot->device_tree != 0)
        tree = copy_tree();
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
