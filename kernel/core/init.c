/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Starting init. It is the one program the kernel loads; init loads the others
 * from the archive it finds mapped by its handles. Nothing here is undone on
 * failure: without init there is no machine.
 */
#include <kernel/init.h>

#include <arch/cpu.h>
#include <arch/page_table.h>
#include <kernel/account.h>
#include <kernel/handle.h>
#include <kernel/init_image.h>
#include <kernel/ioport.h>
#include <kernel/iospace.h>
#include <kernel/log.h>
#include <kernel/memory.h>
#include <kernel/process.h>
#include <kernel/scheduler.h>
#include <kernel/thread.h>
#include <kernel/time.h>

#define INIT_NAME "init"
#define STACK_SIZE (64 * 1024)

/* Map at `*address`, or where the kernel likes if that is 0. */
static enum status map_memory(struct process *process, struct memory *memory, uint32_t flags,
                              uint64_t *address)
{
    struct map_request request = {
        .memory = memory,
        .address = *address,
        .length = memory->size,
        .flags = flags | (*address != 0 ? MAP_FIXED_ADDRESS : 0),
        .allowed = flags & MAP_PROTECTION,
    };
    enum status status = space_map(&process->space, &request, address);
    object_release(&memory->object);
    return status;
}

static enum status map_segment(struct process *process, const struct image_file *file,
                               const struct image_segment *segment)
{
    struct memory *memory;
    enum status status = memory_create(process->account, segment->size, 0, &memory);
    if (status != STATUS_OK)
        return status;
    status = memory_store(memory, segment->page_offset, file->bytes + segment->file_offset,
                          segment->file_size);
    if (status != STATUS_OK)
        return status;
    uint64_t address = segment->address;
    return map_memory(process, memory, segment->flags, &address);
}

static enum status load(struct process *process, const struct boot_info *boot, uint64_t *entry)
{
    const uint8_t *archive = arch_physical_to_virtual(boot->archive_start);
    struct image_file file;
    struct image image;
    enum status status =
        archive_find(archive, boot->archive_end - boot->archive_start, INIT_NAME, &file);
    if (status == STATUS_OK)
        status = image_parse(&file, &image);
    for (uint32_t i = 0; status == STATUS_OK && i < image.count; i++)
        status = map_segment(process, &file, &image.segments[i]);
    if (status == STATUS_OK)
        *entry = image.entry;
    return status;
}

/* The table's reference replaces the caller's. */
static enum status give(struct process *process, struct object *object, uint32_t rights,
                        handle_t *token)
{
    enum status status = handle_insert(&process->handles, object, NULL, rights, 0, token);
    object_release(object);
    return status;
}

static enum status give_physical(struct process *process, uint64_t start, uint64_t size,
                                 uint32_t rights, handle_t *token)
{
    struct memory *memory;
    size = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    enum status status = memory_create_physical(process->account, start, size, false, &memory);
    return status != STATUS_OK ? status : give(process, &memory->object, rights, token);
}

static enum status give_boot_memory(struct process *process, const struct boot_info *boot,
                                    struct init_handles *handles)
{
    uint32_t read_only = RIGHT_COPY | RIGHT_MOVE | RIGHT_READ | RIGHT_INSPECT | RIGHT_DERIVE;
    handles->archive_size = boot->archive_end - boot->archive_start;
    enum status status = give_physical(process, boot->archive_start, handles->archive_size,
                                       read_only | RIGHT_EXECUTE, &handles->archive);
    if (status != STATUS_OK)
        return status;
    return give_physical(process, arch_virtual_to_physical(boot), sizeof(*boot), read_only,
                         &handles->boot_info);
}

static enum status give_devices(struct process *process, struct init_handles *handles)
{
    struct iospace *iospace, *interrupts;
    enum status status = iospace_create(process->account, &iospace);
    if (status == STATUS_OK)
        status = give(process, &iospace->object, RIGHT_ALL, &handles->iospace);
    if (status == STATUS_OK)
        status = iospace_create(process->account, &interrupts);
    if (status == STATUS_OK)
        status = give(process, &interrupts->object, RIGHT_ALL, &handles->interrupts);
    if (status != STATUS_OK || arch_port_count() == 0)
        return status;
    struct ioport *ioport;
    status = ioport_create(process->account, 0, arch_port_count(), &ioport);
    return status != STATUS_OK ? status
                               : give(process, &ioport->object, RIGHT_ALL, &handles->ioports);
}

static enum status give_all(struct process *process, const struct boot_info *boot,
                            struct init_handles *handles)
{
    *handles = (struct init_handles){.size = sizeof(*handles)};
    object_acquire(&process->object);
    enum status status = give(process, &process->object, RIGHT_ALL, &handles->process);
    object_acquire(&account_root->object);
    if (status == STATUS_OK)
        status = give(process, &account_root->object, RIGHT_ALL, &handles->account);
    if (status == STATUS_OK)
        status = give(process, &time_page_memory()->object, RIGHT_ALL, &handles->time);
    if (status == STATUS_OK)
        status = give_boot_memory(process, boot, handles);
    if (status == STATUS_OK)
        status = give_devices(process, handles);
    return status;
}

static enum status map_handles(struct process *process, const struct init_handles *handles,
                               uint64_t *address)
{
    struct memory *memory;
    enum status status = memory_create(process->account, PAGE_SIZE, 0, &memory);
    if (status == STATUS_OK)
        status = memory_store(memory, 0, handles, sizeof(*handles));
    return status != STATUS_OK ? status : map_memory(process, memory, MAP_READ, address);
}

static enum status map_stack(struct process *process, uint64_t *top)
{
    struct memory *memory;
    uint64_t address = 0;
    enum status status = memory_create(process->account, STACK_SIZE, 0, &memory);
    if (status == STATUS_OK)
        status = map_memory(process, memory, MAP_READ | MAP_WRITE, &address);
    *top = address + STACK_SIZE;
    return status;
}

static enum status start_thread(struct process *process, struct thread_start *start)
{
    struct thread_create_request request = {.process = process, .start = start};
    struct thread *thread;
    enum status status = thread_create(&request, &thread);
    if (status != STATUS_OK)
        return status;
    object_release(&thread->object);
    return STATUS_OK;
}

enum status init_start(const struct boot_info *boot)
{
    if (boot->archive_start == boot->archive_end) {
        log_line("there is no boot archive");
        return STATUS_NOT_FOUND;
    }
    struct process *process;
    struct init_handles handles;
    struct thread_start start = {.priority = PRIORITY_SERVER};
    enum status status =
        process_create(account_root, INIT_NAME, sizeof(INIT_NAME) - 1, PROCESS_CRITICAL, &process);
    if (status == STATUS_OK)
        status = load(process, boot, &start.pc);
    if (status == STATUS_OK)
        status = give_all(process, boot, &handles);
    if (status == STATUS_OK)
        status = map_handles(process, &handles, &start.argument);
    if (status == STATUS_OK)
        status = map_stack(process, &start.sp);
    return status == STATUS_OK ? start_thread(process, &start) : status;
}
