/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Port ranges. A range is made from a wider one that the caller holds, so who
 * has a handle reaches its ports and no others. Reads have effects: the user's
 * buffer is made ready before the first.
 */
#include <kernel/ioport.h>

#include <arch/cpu.h>
#include <kernel/call_arguments.h>
#include <kernel/copy.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/thread.h>

#define TRANSFER_MAX 256 /* bytes in one call */

struct ioport *ioport_create(struct account *account, uint32_t first, uint32_t count)
{
    struct ioport *ioport = object_create(OBJECT_IOPORT, account);
    if (ioport == NULL)
        return NULL;
    ioport->first = first;
    ioport->count = count;
    return ioport;
}

static bool range_holds(const struct ioport *range, uint32_t first, uint32_t count)
{
    return count != 0 && first >= range->first && count <= range->count &&
           first - range->first <= range->count - count;
}

int64_t call_ioport_create(struct thread *self, const struct ioport_create_arguments *arguments)
{
    if (!range_holds(arguments->ioport, arguments->first, arguments->count))
        return status_to_result(STATUS_OUT_OF_RANGE);
    struct ioport *ioport =
        ioport_create(self->process->account, arguments->first, arguments->count);
    if (ioport == NULL)
        return status_to_result(STATUS_NO_MEMORY);
    return handle_of_created(&self->process->handles, &ioport->object, RIGHT_ALL);
}

static enum status check_transfer(const struct ioport *ioport, uint32_t port, uint32_t width,
                                  uint64_t length)
{
    if (width != 1 && width != 2 && width != 4)
        return STATUS_INVALID;
    if (length > TRANSFER_MAX || length % width != 0)
        return STATUS_INVALID;
    return range_holds(ioport, port, width) ? STATUS_OK : STATUS_OUT_OF_RANGE;
}

int64_t call_ioport_read(struct thread *self, const struct ioport_read_arguments *arguments)
{
    uint8_t bytes[TRANSFER_MAX];
    uint32_t width = arguments->width;
    enum status status =
        check_transfer(arguments->ioport, arguments->port, width, arguments->length);
    if (status == STATUS_OK)
        status = copy_prepare_out(arguments->buffer, arguments->length);
    if (status != STATUS_OK)
        return status_to_result(status);
    for (uint64_t at = 0; at < arguments->length; at += width) {
        uint32_t value = arch_port_read(arguments->port, width);
        memcpy(bytes + at, &value, width);
    }
    atomic_fetch_add(&arguments->ioport->read, arguments->length);
    return status_to_result(copy_out(arguments->buffer, bytes, arguments->length));
}

int64_t call_ioport_write(struct thread *self, const struct ioport_write_arguments *arguments)
{
    uint8_t bytes[TRANSFER_MAX];
    uint32_t width = arguments->width;
    enum status status =
        check_transfer(arguments->ioport, arguments->port, width, arguments->length);
    if (status == STATUS_OK)
        status = copy_in(bytes, arguments->buffer, arguments->length);
    if (status != STATUS_OK)
        return status_to_result(status);
    for (uint64_t at = 0; at < arguments->length; at += width) {
        uint32_t value = 0;
        memcpy(&value, bytes + at, width);
        arch_port_write(arguments->port, width, value);
    }
    atomic_fetch_add(&arguments->ioport->written, arguments->length);
    return 0;
}

int64_t call_ioport_inspect(struct thread *self, const struct ioport_inspect_arguments *arguments)
{
    struct ioport *ioport = arguments->ioport;
    *arguments->information = (struct ioport_information){
        .first = ioport->first,
        .count = ioport->count,
        .read = atomic_load(&ioport->read),
        .written = atomic_load(&ioport->written),
    };
    return 0;
}
