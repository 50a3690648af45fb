/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The calls on memory objects and address spaces.
 *
 * Bytes move directly between the caller's buffer and the pages of an object or
 * of another process; a reference keeps the page meanwhile, and no lock is held,
 * because the buffer may fault.
 */
#include <kernel/call_arguments.h>

#include <kernel/console.h>
#include <kernel/copy.h>
#include <kernel/handle.h>
#include <kernel/log.h>
#include <kernel/mapping.h>
#include <kernel/memory.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/thread.h>

/* Bytes between the caller's buffer and something that has pages. */
struct transfer {
    uint64_t place;  /* offset or address */
    uint64_t buffer; /* the caller's */
    uint64_t length;
    bool write;
    bool may_be_copied;     /* by a fault, a page that has another reference too */
    struct call_step *step; /* `at`: the bytes that have been moved */
    void *from;
    /* The page at a place, NULL for one that reads as zeroes; OUT_OF_RANGE where there are no more. */
    enum status (*get_page)(void *from, uint64_t place, bool write, struct page **result);
};

#define MOVE_PAGES 12 /* in one step */

static const char zeroes[PAGE_SIZE];

/* A page that a fault has put a copy in the place of meanwhile is written once more, to the copy. */
static enum status copy_piece(const struct transfer *transfer, uint64_t done, struct page *page,
                              size_t length)
{
    uint64_t buffer = transfer->buffer + done;
    struct page *now = page;
    if (page == NULL)
        return copy_out(buffer, zeroes, length);
    char *bytes = (char *)page_address(page) + (transfer->place + done) % PAGE_SIZE;
    enum status status =
        transfer->write ? copy_in(bytes, buffer, length) : copy_out(buffer, bytes, length);
    if (status == STATUS_OK && transfer->may_be_copied &&
        transfer->get_page(transfer->from, transfer->place + done, false, &now) == STATUS_OK)
        page_release(now);
    page_release(page);
    return now == page ? status : STATUS_RESTART;
}

/* How many bytes were moved before the pages ended. */
static int64_t move_bytes(const struct transfer *transfer)
{
    uint64_t done = transfer->step->at;
    for (unsigned pages = 0; done < transfer->length; pages++) {
        transfer->step->at = done;
        if (pages == MOVE_PAGES)
            return status_to_result(STATUS_RESTART);
        uint64_t room = PAGE_SIZE - (transfer->place + done) % PAGE_SIZE;
        uint64_t left = transfer->length - done, piece = left < room ? left : room;
        struct page *page;
        enum status status =
            transfer->get_page(transfer->from, transfer->place + done, transfer->write, &page);
        if (status == STATUS_OUT_OF_RANGE)
            break;
        if (status == STATUS_OK)
            status = copy_piece(transfer, done, page, piece);
        if (status != STATUS_OK)
            return status_to_result(status);
        done += piece;
    }
    return (int64_t)done;
}

/* Memory objects. */

int64_t call_memory_create(struct thread *self, const struct memory_create_arguments *arguments)
{
    struct memory *memory;
    enum status status =
        memory_create(arguments->account, arguments->size, arguments->flags, &memory);
    if (status != STATUS_OK)
        return status_to_result(status);
    return handle_of_created(&self->process->handles, &memory->object, RIGHT_ALL);
}

int64_t call_memory_create_physical(struct thread *self,
                                    const struct memory_create_physical_arguments *arguments)
{
    uint64_t start = arguments->physical, end = start + arguments->size;
    if (start % PAGE_SIZE != 0 || arguments->size % PAGE_SIZE != 0)
        return status_to_result(STATUS_INVALID);
    if (end <= start || end > PHYSICAL_END || page_range_has_ram(start, end))
        return status_to_result(STATUS_OUT_OF_RANGE);
    struct memory *memory;
    enum status status =
        memory_create_physical(self->process->account, start, arguments->size, true, &memory);
    if (console_uses(start, arguments->size))
        log_release_console();
    if (status != STATUS_OK)
        return status_to_result(status);
    return handle_of_created(&self->process->handles, &memory->object, RIGHT_ALL);
}

int64_t call_memory_inspect(struct thread *self, const struct memory_inspect_arguments *arguments)
{
    struct memory *memory = arguments->memory;
    lock_acquire(&memory->object.lock);
    *arguments->information = (struct memory_information){.size = memory->size,
                                                          .resident_pages = memory->resident_pages,
                                                          .flags = memory->flags,
                                                          .mappings = memory->mapping_count,
                                                          .tag = relaxed_load(&memory->tag)};
    lock_release(&memory->object.lock);
    return 0;
}

int64_t call_memory_resize(struct thread *self, const struct memory_resize_arguments *arguments)
{
    return status_to_result(memory_resize(arguments->memory, arguments->size));
}

int64_t call_memory_tag(struct thread *self, const struct memory_tag_arguments *arguments)
{
    relaxed_store(&arguments->memory->tag, arguments->tag);
    return 0;
}

static enum status memory_page(void *from, uint64_t place, bool write, struct page **result)
{
    enum memory_need need = write                   ? MEMORY_WRITE
                            : memory_is_paged(from) ? MEMORY_READ
                                                    : MEMORY_PEEK;
    enum status status = memory_get_page(from, place, need, result);
    return status == STATUS_NOT_FOUND && need == MEMORY_PEEK ? STATUS_OK : status;
}

static int64_t move_memory(struct memory *memory, struct transfer *transfer)
{
    uint64_t size = relaxed_load(&memory->size);
    uint64_t room = transfer->place < size ? size - transfer->place : 0;
    if (transfer->length > room)
        transfer->length = room;
    transfer->from = memory;
    transfer->get_page = memory_page;
    return move_bytes(transfer);
}

int64_t call_memory_read(struct thread *self, const struct memory_read_arguments *arguments)
{
    struct transfer transfer = {arguments->offset, arguments->buffer, arguments->length,
                                .write = false, .step = &self->step};
    return move_memory(arguments->memory, &transfer);
}

int64_t call_memory_write(struct thread *self, const struct memory_write_arguments *arguments)
{
    struct transfer transfer = {arguments->offset, arguments->buffer, arguments->length,
                                .write = true, .step = &self->step};
    return move_memory(arguments->memory, &transfer);
}

int64_t call_memory_discard(struct thread *self, const struct memory_discard_arguments *arguments)
{
    return status_to_result(
        memory_discard(arguments->memory, arguments->offset, arguments->length, &self->step));
}

/* Address spaces. */

/* What protect may ever set on a mapping made with these rights to the object. */
static uint32_t allowed_protection(uint32_t rights, uint32_t flags)
{
    uint32_t allowed = MAP_READ;
    if ((rights & RIGHT_WRITE) != 0 || (flags & MAP_PRIVATE_COPY) != 0)
        allowed |= MAP_WRITE;
    if ((rights & RIGHT_EXECUTE) != 0)
        allowed |= MAP_EXECUTE;
    return allowed;
}

int64_t call_map(struct thread *self, const struct map_arguments *arguments)
{
    struct map_request request = {.memory = arguments->memory,
                                  .derivation = arguments->memory_derivation,
                                  .offset = arguments->offset,
                                  .address = arguments->address,
                                  .length = arguments->length,
                                  .flags = arguments->flags,
                                  .allowed = MAP_PROTECTION,
                                  .step = &self->step};
    if (request.memory != NULL) {
        if ((arguments->memory_rights & RIGHT_READ) == 0)
            return status_to_result(STATUS_NO_RIGHT);
        request.allowed = allowed_protection(arguments->memory_rights, arguments->flags);
    }
    uint64_t address;
    enum status status = space_map(&arguments->process->space, &request, &address);
    return status == STATUS_OK ? (int64_t)address : status_to_result(status);
}

int64_t call_unmap(struct thread *self, const struct unmap_arguments *arguments)
{
    return status_to_result(
        space_unmap(&arguments->process->space, arguments->address, arguments->length));
}

int64_t call_protect(struct thread *self, const struct protect_arguments *arguments)
{
    return status_to_result(space_protect(&arguments->process->space, arguments->address,
                                          arguments->length, arguments->flags, &self->step));
}

int64_t call_remap(struct thread *self, const struct remap_arguments *arguments)
{
    const struct remap_request request = {.address = arguments->address,
                                          .old_length = arguments->old_length,
                                          .new_length = arguments->new_length,
                                          .new_address = arguments->new_address,
                                          .flags = arguments->flags};
    uint64_t address;
    enum status status = space_remap(&arguments->process->space, &request, &address);
    return status == STATUS_OK ? (int64_t)address : status_to_result(status);
}

int64_t call_space_discard(struct thread *self, const struct space_discard_arguments *arguments)
{
    return status_to_result(space_discard(&arguments->process->space, arguments->address,
                                          arguments->length, &self->step));
}

int64_t call_space_inspect(struct thread *self, const struct space_inspect_arguments *arguments)
{
    return status_to_result(space_inspect(&arguments->process->space, arguments->address,
                                          arguments->hidden != 0, arguments->information,
                                          &self->step));
}

static enum status space_page(void *from, uint64_t place, bool write, struct page **result)
{
    enum status status = space_get_page(from, place, write, result);
    return status == STATUS_BAD_ADDRESS ? STATUS_OUT_OF_RANGE : status;
}

static int64_t move_process(struct process *process, struct transfer *transfer)
{
    transfer->from = &process->space;
    transfer->get_page = space_page;
    return move_bytes(transfer);
}

int64_t call_process_read(struct thread *self, const struct process_read_arguments *arguments)
{
    struct transfer transfer = {arguments->address, arguments->buffer, arguments->length,
                                .write = false, .step = &self->step};
    return move_process(arguments->process, &transfer);
}

int64_t call_process_write(struct thread *self, const struct process_write_arguments *arguments)
{
    struct transfer transfer = {arguments->address, arguments->buffer,     arguments->length,
                                .write = true,      .may_be_copied = true, .step = &self->step};
    return move_process(arguments->process, &transfer);
}
