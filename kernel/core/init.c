/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Starting init. It is the one program the kernel loads; init loads the others
 * from the archive that its handles name. Without init there is no machine, so
 * every failure is a panic that says what was being done.
 */
#include <kernel/init.h>

#include <arch/cpu.h>
#include <arch/page_table.h>
#include <kernel/account.h>
#include <kernel/handle.h>
#include <kernel/ioport.h>
#include <kernel/iospace.h>
#include <kernel/log.h>
#include <kernel/main.h>
#include <kernel/memory.h>
#include <kernel/process.h>
#include <kernel/thread.h>
#include <kernel/time.h>

#define INIT_NAME "init"
#define STACK_SIZE (64 * 1024)
#define READ_ONLY (RIGHT_COPY | RIGHT_MOVE | RIGHT_READ | RIGHT_INSPECT | RIGHT_DERIVE)

static uint64_t page_round(uint64_t size)
{
    return (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

/* New memory with the segment's bytes, mapped as it says; address 0: anywhere. */
static uint64_t map_segment(struct process *process, const struct init_segment *segment)
{
    struct memory *memory;
    must_succeed(memory_create(process->account, segment->size, 0, &memory), "memory of init");
    must_succeed(memory_store(memory, segment->page_offset, segment->bytes, segment->byte_count),
                 "copying init");
    struct map_request request = {
        .memory = memory,
        .address = segment->address,
        .length = segment->size,
        .flags = segment->flags | (segment->address != 0 ? MAP_FIXED_ADDRESS : 0),
        .allowed = segment->flags,
    };
    uint64_t address;
    must_succeed(space_map(&process->space, &request, &address), "mapping init");
    object_release(&memory->object);
    return address;
}

/* The table's reference replaces the caller's. */
static handle_t give(struct process *process, struct object *object, uint32_t rights)
{
    handle_t token;
    must_succeed(handle_create(&process->handles, object, rights, &token), "handles of init");
    object_release(object);
    return token;
}

static handle_t give_physical(struct process *process, uint64_t start, uint64_t size,
                              uint32_t rights)
{
    struct memory *memory;
    must_succeed(memory_create_physical(process->account, start, page_round(size), false, &memory),
                 "boot memory");
    return give(process, &memory->object, rights);
}

static handle_t give_iospace(struct process *process)
{
    struct iospace *iospace = object_create(OBJECT_IOSPACE, process->account);
    must_succeed(iospace != NULL ? STATUS_OK : STATUS_NO_MEMORY, "device memory");
    return give(process, &iospace->object, RIGHT_ALL);
}

static handle_t give_ports(struct process *process)
{
    if (arch_port_count() == 0)
        return HANDLE_NONE;
    struct ioport *ioport = ioport_create(process->account, 0, arch_port_count());
    must_succeed(ioport != NULL ? STATUS_OK : STATUS_NO_MEMORY, "ports");
    return give(process, &ioport->object, RIGHT_ALL);
}

static struct init_handles give_all(struct process *process, const struct boot_info *boot)
{
    uint64_t archive_size = boot->archive_end - boot->archive_start;
    object_acquire(&process->object);
    object_acquire(&account_root->object);
    return (struct init_handles){
        .size = sizeof(struct init_handles),
        .process = give(process, &process->object, RIGHT_ALL),
        .account = give(process, &account_root->object, RIGHT_ALL),
        .archive =
            give_physical(process, boot->archive_start, archive_size, READ_ONLY | RIGHT_EXECUTE),
        .boot_info =
            give_physical(process, arch_virtual_to_physical(boot), sizeof(*boot), READ_ONLY),
        .time = give(process, &time_page_memory()->object, RIGHT_ALL),
        .ioports = give_ports(process),
        .iospace = give_iospace(process),
        .interrupts = give_iospace(process),
        .log = give_physical(process, arch_virtual_to_physical(log_memory()),
                             sizeof(struct log_memory), READ_ONLY),
        .archive_size = archive_size,
    };
}

void init_start(const struct boot_info *boot, const struct init_image *image)
{
    if (image->count == 0)
        panic("the boot archive has no init that is a static executable");
    struct process *process;
    must_succeed(
        process_create(account_root, INIT_NAME, sizeof(INIT_NAME) - 1, PROCESS_CRITICAL, &process),
        "the process of init");
    struct thread_start start = {.priority = PRIORITY_COUNT - 1, .pc = image->entry};
    for (uint32_t i = 0; i < image->count; i++)
        map_segment(process, &image->segments[i]);
    struct init_handles handles = give_all(process, boot);
    struct init_segment page = {
        .size = PAGE_SIZE,
        .bytes = &handles,
        .byte_count = sizeof(handles),
        .flags = MAP_READ,
    };
    start.argument = map_segment(process, &page);
    struct init_segment stack = {.size = STACK_SIZE, .flags = MAP_READ | MAP_WRITE};
    start.sp = map_segment(process, &stack) + STACK_SIZE;
    struct thread *thread;
    must_succeed(thread_create(process, &start, 0, &thread), "the thread of init");
    object_release(&thread->object);
    object_release(&process->object);
}
