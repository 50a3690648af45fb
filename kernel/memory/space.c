/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Address spaces: mapping, unmapping, protection, teardown.
 *
 * Each change first makes the boundaries it needs and everything else that takes
 * memory, then commits with steps that cannot fail. What is removed goes onto a
 * list and is freed when the space is unlocked again. Nothing is ever added to a
 * page table here: that is left to faults (fault.c).
 */
#include <kernel/space.h>

#include <kernel/account.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/mapping.h>
#include <kernel/memory.h>
#include <kernel/process.h>

enum status space_init(struct space *space, struct account *account)
{
    *space = (struct space){.account = account, .random = 2463534242};
    lock_init(&space->lock, LOCK_SPACE);
    list_init(&space->mappings);
    enum status status = arch_table_init(&space->table, account);
    if (status != STATUS_OK)
        return status;
    object_acquire(&account->object);
    return STATUS_OK;
}

/* Forget the tables; this CPU may still have them loaded from the last thread that ran here. */
static void space_finish(struct space *space)
{
    struct account *account = space->account;
    if (cpu_current()->space == space) {
        arch_table_switch(NULL);
        cpu_current()->space = NULL;
    }
    arch_table_free(&space->table);
    space->account = NULL;
    object_release(&account->object);
}

bool space_teardown_step(struct space *space, uint32_t limit)
{
    struct list removed;
    list_init(&removed);
    if (space->account == NULL)
        return true;
    while (limit > 0 && !list_is_empty(&space->mappings)) {
        lock_acquire(&space->lock);
        struct mapping *mapping = container_of(list_first(&space->mappings), struct mapping, link);
        limit--;
        if (page_tree_drain(&mapping->private_pages, &limit))
            mapping_remove(mapping, &removed);
        lock_release(&space->lock);
        mapping_free_list(&removed);
    }
    if (!list_is_empty(&space->mappings))
        return false;
    space_finish(space);
    return true;
}

uint64_t space_resident_pages(const struct space *space)
{
    return space->table.resident_pages;
}

/* Mapping. */

static enum status check_protection(uint32_t flags, uint32_t allowed)
{
    if ((flags & MAP_WRITE) != 0 && (flags & MAP_EXECUTE) != 0 && (flags & MAP_ALLOW_WX) == 0)
        return STATUS_INVALID;
    return (flags & MAP_PROTECTION & ~allowed) != 0 ? STATUS_NO_RIGHT : STATUS_OK;
}

static enum status check_request(struct map_request *request)
{
    if (!range_round_length(&request->length))
        return STATUS_OUT_OF_RANGE;
    if (request->offset % PAGE_SIZE != 0 || (request->memory == NULL && request->offset != 0))
        return STATUS_INVALID;
    if (request->offset > MEMORY_SIZE_MAX || request->length > MEMORY_SIZE_MAX)
        return STATUS_OUT_OF_RANGE;
    bool copies = (request->flags & (MAP_PRIVATE_COPY | MAP_GROWS_DOWN)) != 0;
    if (request->memory != NULL && request->memory->device && copies)
        return STATUS_INVALID;
    if ((request->flags & MAP_FIXED_ADDRESS) != 0) {
        enum status status = range_check(request->address, &request->length);
        if (status != STATUS_OK)
            return status;
    }
    return check_protection(request->flags, request->allowed);
}

/* The space is locked, `mapping` has been made but for its place. */
static enum status place(struct space *space, const struct map_request *request,
                         struct mapping *mapping, struct list *removed)
{
    uint64_t address = request->address;
    if ((request->flags & MAP_FIXED_ADDRESS) == 0) {
        if (!range_choose(space, request->length, request->flags, &address))
            return STATUS_NO_MEMORY;
    } else if (!range_is_free(space, address, request->length)) {
        if ((request->flags & MAP_NO_REPLACE) != 0)
            return STATUS_EXISTS;
        enum status status =
            mapping_remove_range(space, address, address + request->length, removed);
        if (status != STATUS_OK)
            return status;
    }
    mapping_set_range(mapping, address, request->length);
    mapping_insert(mapping);
    return STATUS_OK;
}

/* Have the pages there that can be had: memory running out is found at the access. */
static void populate(struct space *space, uint64_t start, uint64_t end, uint32_t flags)
{
    enum fault_access access = (flags & MAP_WRITE) != 0 ? FAULT_WRITE : FAULT_READ;
    enum fault_kind kind;
    for (uint64_t address = start; address < end; address += PAGE_SIZE) {
        if (space_fault(space, address, access, &kind) != STATUS_OK)
            return;
    }
}

enum status space_map(struct space *space, const struct map_request *asked, uint64_t *address)
{
    struct map_request request = *asked;
    struct mapping *mapping;
    struct list removed;
    enum status status = check_request(&request);
    if (status == STATUS_OK)
        status = mapping_create(space, &request, &mapping);
    if (status != STATUS_OK)
        return status;
    list_init(&removed);
    lock_acquire(&space->lock);
    status = place(space, &request, mapping, &removed);
    if (status == STATUS_OK) {
        *address = mapping->start;
        mapping_join(mapping, &removed);
    } else {
        list_push_back(&removed, &mapping->link);
    }
    lock_release(&space->lock);
    mapping_free_list(&removed);
    if (status == STATUS_OK && (request.flags & MAP_POPULATE) != 0)
        populate(space, *address, *address + request.length, request.flags);
    return status;
}

enum status space_unmap(struct space *space, uint64_t address, uint64_t length)
{
    struct list removed;
    enum status status = range_check(address, &length);
    if (status != STATUS_OK)
        return status;
    list_init(&removed);
    lock_acquire(&space->lock);
    status = mapping_remove_range(space, address, address + length, &removed);
    lock_release(&space->lock);
    mapping_free_list(&removed);
    return status;
}

/* Protection. */

/* NOT_FOUND if there is a hole, NO_RIGHT if one of the mappings may not have this. */
static enum status check_protect(const struct space *space, uint64_t start, uint64_t end,
                                 uint32_t flags)
{
    const struct mapping *mapping = mapping_find(space, start);
    for (uint64_t at = start; at < end; mapping = mapping_next(mapping)) {
        if (mapping == NULL || mapping->start > at)
            return STATUS_NOT_FOUND;
        enum status status = check_protection(flags, mapping->allowed);
        if (status != STATUS_OK)
            return status;
        at = mapping->end;
    }
    return STATUS_OK;
}

/* Boundaries have been made; rights only shrink in the table, faults add them. */
static void apply_protection(struct space *space, uint64_t start, uint64_t end, uint32_t flags,
                             struct list *removed)
{
    struct mapping *mapping = mapping_find(space, start);
    while (mapping != NULL && mapping->start < end) {
        mapping->flags = (mapping->flags & ~(uint32_t)MAP_PROTECTION) | (flags & MAP_PROTECTION);
        mapping = mapping_next(mapping);
    }
    arch_table_protect(&space->table, start, end, mapping_table_rights(flags));
    for (uint64_t at = start; at < end; at = mapping_find(space, at)->end)
        mapping_join(mapping_find(space, at), removed);
    mapping = mapping_find(space, end);
    if (mapping != NULL)
        mapping_join(mapping, removed);
}

enum status space_protect(struct space *space, uint64_t address, uint64_t length, uint32_t flags)
{
    struct list removed;
    enum status status = range_check(address, &length);
    if (status != STATUS_OK)
        return status;
    uint64_t end = address + length;
    list_init(&removed);
    lock_acquire(&space->lock);
    status = check_protect(space, address, end, flags);
    if (status == STATUS_OK)
        status = mapping_cut(space, address, &removed);
    if (status == STATUS_OK)
        status = mapping_cut(space, end, &removed);
    if (status == STATUS_OK)
        apply_protection(space, address, end, flags, &removed);
    lock_release(&space->lock);
    mapping_free_list(&removed);
    return status;
}

/* Discarding. */

static enum status discard_part(struct mapping *mapping, uint64_t start, uint64_t end)
{
    uint64_t first = mapping_private_index(mapping, start);
    uint64_t last = first + ((end - start) >> PAGE_SHIFT);
    enum status status = page_tree_prepare_clear(&mapping->private_pages, first, last);
    if (status != STATUS_OK)
        return status;
    arch_table_unmap(&mapping->space->table, start, end);
    page_tree_clear(&mapping->private_pages, first, last);
    return STATUS_OK;
}

enum status space_discard(struct space *space, uint64_t address, uint64_t length)
{
    enum status status = range_check(address, &length);
    if (status != STATUS_OK)
        return status;
    uint64_t end = address + length;
    lock_acquire(&space->lock);
    struct mapping *mapping = mapping_find(space, address);
    for (; status == STATUS_OK && mapping != NULL && mapping->start < end;
         mapping = mapping_next(mapping)) {
        uint64_t from = mapping->start > address ? mapping->start : address;
        uint64_t to = mapping->end < end ? mapping->end : end;
        status = discard_part(mapping, from, to);
    }
    lock_release(&space->lock);
    return status;
}

/* Looking. */

static void describe(const struct mapping *mapping, struct mapping_information *information)
{
    *information = (struct mapping_information){
        .start = mapping->start,
        .end = mapping->end,
        .flags = mapping->flags,
        .resident_pages = arch_table_count(&mapping->space->table, mapping->start, mapping->end)};
    if (mapping->memory != NULL) {
        information->object_id = mapping->memory->object.id;
        information->object_offset = mapping->memory_offset;
        information->tag = mapping->memory->tag;
    }
}

enum status space_inspect(struct space *space, uint64_t address, bool hidden,
                          struct mapping_information *information)
{
    lock_acquire(&space->lock);
    const struct mapping *mapping = mapping_find(space, address);
    while (mapping != NULL && (mapping->flags & MAP_HIDDEN) != 0 && !hidden)
        mapping = mapping_next(mapping);
    if (mapping != NULL)
        describe(mapping, information);
    lock_release(&space->lock);
    return mapping != NULL ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status space_address_key(struct space *space, uint64_t address, bool shared, uint64_t *object,
                              uint64_t *offset)
{
    lock_acquire(&space->lock);
    const struct mapping *mapping = mapping_find(space, address);
    bool found = mapping != NULL && mapping->start <= address;
    /* A kernel address is no object's id: those count up from one. */
    *object = (uint64_t)(uintptr_t)space;
    *offset = address;
    if (found && shared && !mapping_is_private(mapping)) {
        *object = mapping->memory->object.id;
        *offset = mapping_memory_offset(mapping, address) + address % PAGE_SIZE;
    }
    lock_release(&space->lock);
    return found ? STATUS_OK : STATUS_BAD_ADDRESS;
}

/* Frames. */

enum status space_map_frame(struct space *space, uint32_t slot, struct page *pages[2])
{
    assert(slot < FRAME_SLOTS);
    uint64_t address = FRAME_BASE + (uint64_t)slot * FRAME_STRIDE;
    const uint32_t flags = PTE_READ | PTE_WRITE;
    lock_acquire(&space->lock);
    enum status status = arch_table_map(&space->table, address, page_physical(pages[0]), flags);
    if (status == STATUS_OK)
        status = arch_table_map(&space->table, address + PAGE_SIZE, page_physical(pages[1]), flags);
    if (status != STATUS_OK)
        arch_table_unmap(&space->table, address, address + FRAME_SIZE);
    lock_release(&space->lock);
    return status;
}

void space_unmap_frame(struct space *space, uint32_t slot)
{
    uint64_t address = FRAME_BASE + (uint64_t)slot * FRAME_STRIDE;
    lock_acquire(&space->lock);
    arch_table_unmap(&space->table, address, address + FRAME_SIZE);
    lock_release(&space->lock);
}
