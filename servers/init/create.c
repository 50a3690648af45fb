/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Making an instance of a service.
 *
 * The first instance is given its handles one by one, and where each is goes
 * into its start block. A later one inherits the handle table of the one before
 * it, tokens unchanged, so that what the old one noted in its ledger stays
 * valid, and the block too; only the handle to the process itself is new.
 *
 * What fails for want of memory is tried again, and goes on where it stopped: what
 * is there is not made again, and the next process inherits what the one that
 * could not be started has been given.
 */
#include "init.h"

#include <archive/newc.h>
#include <base/ipc.h>
#include <base/log.h>
#include <base/text.h>
#include <protocols/device.h>
#include <trellis/native.h>

#define STACK_SIZE UINT64_C(65536)
#define BLOCK_SIZE UINT64_C(4096)
#define SELF "self"

_Static_assert(sizeof(struct start_block) <= BLOCK_SIZE, "the start block is one page");

/* Rights of what is held to look at, to use up, and to wait for. */
#define RIGHTS_PASS (RIGHT_COPY | RIGHT_MOVE | RIGHT_DERIVE | RIGHT_INSPECT)
#define RIGHTS_READ (RIGHTS_PASS | RIGHT_READ)
/* All that a service has over itself and its account. */
#define RIGHTS_OWN (RIGHT_ALL & ~(uint32_t)(RIGHT_IDENTITY | RIGHT_RESERVE))

static struct start_handle *find_entry(struct service *service, const char *name)
{
    struct start_block *block = &service->block;
    for (uint32_t i = 0; i < block->handle_count; i++) {
        if (strcmp(block->handles[i].name, name) == 0)
            return &block->handles[i];
    }
    return NULL;
}

enum status service_give(struct service *service, const char *name, handle_t handle,
                         uint32_t rights)
{
    struct start_block *block = &service->block;
    struct start_handle *entry = find_entry(service, name);
    bool is_self = strcmp(name, SELF) == 0;
    if (entry != NULL && !is_self)
        return STATUS_OK;
    if (entry == NULL && block->handle_count == START_HANDLES)
        return STATUS_LIMIT;
    uint32_t flags = is_self ? HANDLE_NOT_CLONED : 0;
    int64_t token = native_process_give(service->process, handle, rights, flags);
    if (token < 0)
        return status_of_result(token);
    if (entry == NULL)
        entry = &block->handles[block->handle_count++];
    text_copy(entry->name, sizeof(entry->name), name);
    entry->handle = (handle_t)token;
    return STATUS_OK;
}

/* Give a handle that init made for this purpose and does not keep. */
static enum status give_away(struct service *service, const char *name, int64_t handle)
{
    if (handle < 0)
        return status_of_result(handle);
    enum status status = service_give(service, name, (handle_t)handle, RIGHT_SAME);
    (void)native_handle_close((handle_t)handle);
    return status;
}

enum status init_keep(handle_t *where, int64_t handle)
{
    if (handle >= 0)
        *where = (handle_t)handle;
    return status_of_result(handle);
}

static enum status need_memory(handle_t *where, uint64_t size)
{
    if (*where != HANDLE_NONE)
        return STATUS_OK;
    return init_keep(where, native_memory_create(init.handles->account, size, MEMORY_FIXED_SIZE));
}

struct service *service_find(const char *name)
{
    for (unsigned i = 0; i < init.manifest.count; i++) {
        if (strcmp(init.services[i].entry->name, name) == 0)
            return &init.services[i];
    }
    return NULL;
}

enum status service_endpoint(struct service *service, handle_t *endpoint)
{
    enum status status = STATUS_OK;
    if (service->endpoint == HANDLE_NONE)
        status = init_keep(&service->endpoint, native_endpoint_create(init.handles->account));
    *endpoint = service->endpoint;
    return status;
}

static bool holds(const struct service *service, enum manifest_resource resource)
{
    return (service->entry->resources & 1u << resource) != 0;
}

static enum status give_resources(struct service *service)
{
    const struct init_handles *handles = init.handles;
    const struct {
        handle_t handle;
        uint32_t rights;
    } resources[MANIFEST_RESOURCE_COUNT] = {
        [MANIFEST_ARCHIVE] = {handles->archive, RIGHTS_READ | RIGHT_EXECUTE},
        [MANIFEST_BOOT_INFO] = {handles->boot_info, RIGHTS_READ},
        [MANIFEST_IOPORTS] = {handles->ioports, RIGHT_SAME},
        [MANIFEST_IOSPACE] = {handles->iospace, RIGHT_SAME},
        [MANIFEST_INTERRUPTS] = {handles->interrupts, RIGHT_SAME},
        [MANIFEST_LOG] = {handles->log, RIGHTS_READ},
        [MANIFEST_MACHINE] = {handles->account, RIGHTS_PASS},
    };
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < MANIFEST_RESOURCE_COUNT && status == STATUS_OK; i++) {
        const char *name = manifest_resource_name((enum manifest_resource)i);
        if (holds(service, (enum manifest_resource)i) && resources[i].handle != HANDLE_NONE)
            status = service_give(service, name, resources[i].handle, resources[i].rights);
    }
    return status;
}

/* What every service has, and what its entry says it has of its own. */
static enum status give_own(struct service *service)
{
    const struct manifest_service *entry = service->entry;
    uint32_t time_rights = RIGHTS_READ | (holds(service, MANIFEST_SET_TIME) ? RIGHT_WRITE : 0);
    handle_t endpoint;
    uint32_t account_rights = RIGHTS_OWN |
                              (holds(service, MANIFEST_IDENTITIES) ? RIGHT_IDENTITY : 0) |
                              (holds(service, MANIFEST_RESERVE) ? RIGHT_RESERVE : 0);
    enum status status = service_give(service, "account", service->account, account_rights);
    if (status == STATUS_OK)
        status = service_give(service, "time", init.handles->time, time_rights);
    if (status == STATUS_OK && entry->endpoint) {
        status = service_endpoint(service, &endpoint);
        if (status == STATUS_OK)
            status = service_give(service, "endpoint", endpoint, RIGHT_SAME);
    }
    if (status == STATUS_OK && entry->ledger_size != 0) {
        status = need_memory(&service->ledger, entry->ledger_size);
        if (status == STATUS_OK)
            status = service_give(service, "ledger", service->ledger, RIGHT_SAME);
    }
    return status;
}

static enum status give_sessions(struct service *service)
{
    for (unsigned i = 0; i < service->entry->call_count; i++) {
        const struct manifest_call *call = &service->entry->calls[i];
        const char *name = init.manifest.services[call->service].name;
        handle_t endpoint;
        if (find_entry(service, name) != NULL)
            continue;
        enum status status = service_endpoint(&init.services[call->service], &endpoint);
        if (status == STATUS_OK)
            status = give_away(service, name, native_session_create(endpoint, call->badge));
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status need_device_session(void)
{
    struct service *service = service_find("device");
    handle_t endpoint;
    if (init.devices != HANDLE_NONE)
        return STATUS_OK;
    enum status status = service == NULL ? STATUS_NOT_FOUND : service_endpoint(service, &endpoint);
    if (status == STATUS_OK)
        status = init_keep(&init.devices, native_session_create(endpoint, START_INIT_BADGE));
    return status;
}

static enum status claim_device(const char *name, struct message *message)
{
    enum status status = need_device_session();
    if (status != STATUS_OK)
        return status;
    message_begin(message, DEVICE_CLAIM);
    message_copy_text(message, ipc_frame(), name, strlen(name));
    int64_t result = ipc_call(init.devices, message);
    if (result < 0)
        return status_of_result(result);
    return (enum status)message_label(message->information);
}

/* Have the service's device, if it has one, and the name of that one's driver. */
static enum status take_device(struct service *service)
{
    struct message message;
    if (service->entry->device[0] == '\0' || service->driver[0] != '\0')
        return STATUS_OK;
    enum status status = claim_device(service->entry->device, &message);
    if (status != STATUS_OK) {
        log_print("%s: the device %s cannot be had: status %d", service->entry->name,
                  service->entry->device, (int)status);
        return status;
    }
    service->block.registers = (struct start_registers){
        .kind = (uint32_t)message.words[0],
        .first = message.words[1],
        .count = message.words[2],
    };
    for (unsigned i = 0; i < message_handle_count(message.information) && i < 2; i++)
        service->device[i] = ipc_frame()->handles[i].handle;
    int length = (int)message_text_length(message.information);
    text_format(service->driver, sizeof(service->driver), "bin/%.*s", length,
                frame_text(ipc_frame()));
    return STATUS_OK;
}

static enum status give_device(struct service *service)
{
    static const char *const names[] = {"registers", "interrupt"};
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < 2 && status == STATUS_OK; i++) {
        if (service->device[i] == HANDLE_NONE)
            continue;
        status = service_give(service, names[i], service->device[i], RIGHT_SAME);
        if (status != STATUS_OK)
            break;
        (void)native_handle_close(service->device[i]);
        service->device[i] = HANDLE_NONE;
    }
    return status;
}

static enum status give_rings(struct service *service)
{
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < service->entry->ring_count && status == STATUS_OK; i++)
        status = rings_give(service, &service->entry->rings[i]);
    return status;
}

static enum status prepare_program(struct service *service, const char *name)
{
    struct archive_entry file;
    enum elf_outcome outcome;
    if (service->program.image.segment_count != 0)
        return STATUS_OK;
    if (archive_find(init.archive, init.handles->archive_size, name, &file) != ARCHIVE_ENTRY) {
        log_print("%s: the boot archive has no \"%s\"", service->entry->name, name);
        return STATUS_NOT_FOUND;
    }
    enum status status =
        loader_prepare(file.data, file.size, init.handles->account, &service->program, &outcome);
    if (outcome != ELF_OK)
        log_print("%s: %s is %s", service->entry->name, name, elf_outcome_text(outcome));
    return status;
}

/* What all instances share: made before the first. */
static enum status prepare(struct service *service)
{
    const struct manifest_service *entry = service->entry;
    enum status status = take_device(service);
    if (status == STATUS_OK)
        status =
            prepare_program(service, entry->program[0] != '\0' ? entry->program : service->driver);
    if (status == STATUS_OK && service->account == HANDLE_NONE)
        status = init_keep(&service->account,
                           native_account_create(init.handles->account, &entry->limits));
    if (status == STATUS_OK)
        status = need_memory(&service->block_memory, BLOCK_SIZE);
    service->block.size = sizeof(service->block);
    text_copy(service->block.name, sizeof(service->block.name), entry->name);
    text_copy(service->block.arguments, sizeof(service->block.arguments), entry->arguments);
    return status;
}

static enum status give_everything(struct service *service)
{
    static enum status (*const givers[])(struct service *) = {
        give_own, give_resources, give_device, give_sessions, give_rings,
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof(givers) / sizeof(givers[0]) && status == STATUS_OK; i++)
        status = givers[i](service);
    return status;
}

static enum status map_block(struct service *service, uint64_t *address)
{
    int64_t written =
        native_memory_write(service->block_memory, 0, &service->block, sizeof(service->block));
    if (written != sizeof(service->block))
        return written < 0 ? status_of_result(written) : STATUS_NO_MEMORY;
    int64_t mapped =
        native_map(service->process, service->block_memory, 0, 0, BLOCK_SIZE, MAP_READ);
    *address = (uint64_t)mapped;
    return status_of_result(mapped);
}

static enum status start_thread(struct service *service)
{
    struct thread_start start = {
        .pc = service->program.image.entry,
        .priority = service->entry->priority,
    };
    enum status status = map_block(service, &start.argument);
    if (status != STATUS_OK)
        return status;
    int64_t stack =
        native_map(service->process, HANDLE_NONE, 0, 0, STACK_SIZE, MAP_READ | MAP_WRITE);
    if (stack < 0)
        return status_of_result(stack);
    start.sp = (uint64_t)stack + STACK_SIZE;
    return init_keep(&service->thread, native_thread_create(service->process, &start));
}

/* Map, start and watch a process that has its handles. */
static enum status run(struct service *service)
{
    uint64_t key = (uint64_t)(service - init.services);
    enum status status = service_give(service, SELF, service->process, RIGHTS_OWN);
    if (status == STATUS_OK)
        status = loader_map(&service->program, service->process, 0, 0);
    if (status == STATUS_OK)
        status = status_of_result(
            native_observe(init.port, service->process, SIGNAL_ENDED, key, OBSERVE_ONCE));
    if (status != STATUS_OK)
        return status;
    status = start_thread(service);
    if (status != STATUS_OK)
        (void)native_unobserve(init.port, key);
    return status;
}

/* Where the last instance's thread was at its end. One that had none yet leaves its predecessor's. */
static void take_registers(struct service *service)
{
    if (service->thread == HANDLE_NONE)
        return;
    (void)native_thread_read_registers(service->thread, &service->block.predecessor);
    (void)native_handle_close(service->thread);
    service->thread = HANDLE_NONE;
    service->block.instance++;
}

/* The old process has ended, or was never started; its handles are the new one's now. */
static enum status make_process(struct service *service)
{
    const char *name = service->entry->name;
    handle_t old = service->process;
    uint32_t flags = PROCESS_KEEP_HANDLES;
    flags |= service->entry->restart == MANIFEST_CRITICAL ? PROCESS_CRITICAL : 0;
    enum status status = init_keep(
        &service->process, native_process_create(service->account, old, name, strlen(name), flags));
    if (status != STATUS_OK || old == HANDLE_NONE)
        return status;
    (void)native_process_end(old, 0);
    (void)native_handle_close(old);
    take_registers(service);
    return STATUS_OK;
}

enum status service_create(struct service *service)
{
    static enum status (*const steps[])(struct service *) = {
        prepare,
        make_process,
        give_everything,
        run,
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && status == STATUS_OK; i++)
        status = steps[i](service);
    if (status != STATUS_OK)
        log_print("%s cannot be started: status %d", service->entry->name, (int)status);
    return status;
}
