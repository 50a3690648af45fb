/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Address spaces: mapping, unmapping, protection, teardown.
 *
 * Each change first makes the boundaries it needs and everything else that takes
 * memory, then commits with steps that cannot fail. What is removed is
 * freed when the space is unlocked again. Nothing is ever added to a
 * page table here: that is left to faults (fault.c).
 */
#include <kernel/space.h>

#include <kernel/account.h>
#include <kernel/log.h>
#include <kernel/mapping.h>
#include <kernel/memory.h>
#include <kernel/process.h>

#define DISCARD_PAGES 16 /* looked at together */

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

bool space_teardown_step(struct space *space, uint32_t limit)
{
    if (space->account == NULL)
        return true;
    while (limit > 0 && !list_is_empty(&space->mappings)) {
        lock_acquire(&space->lock);
        struct mapping *mapping = container_of(list_first(&space->mappings), struct mapping, link);
        range_spend(&limit, REMOVE_COST);
        if (page_tree_drain(&mapping->private_pages, &limit))
            mapping_remove(mapping);
        (void)space_end_change(space, STATUS_OK);
    }
    if (!list_is_empty(&space->mappings) || !arch_table_free(&space->table, &limit))
        return false;
    mapping_keep_spare(space, NULL);
    struct account *account = space->account;
    space->account = NULL;
    object_release(&account->object);
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
    bool fixed = (request->flags & MAP_FIXED_ADDRESS) != 0;
    enum status status = fixed ? range_check(request->address, &request->length) : STATUS_OK;
    return status == STATUS_OK ? check_protection(request->flags, request->allowed) : status;
}

/* A mapping of its own before `next`, or in place of what is there if that reaches into it. */
static enum status insert(struct space *space, const struct map_request *request, uint64_t address,
                          struct mapping *next)
{
    struct mapping *mapping;
    uint64_t end = address + request->length;
    bool taken = next != NULL && next->start < end;
    enum status status = mapping_create(space, request, &mapping);
    if (status != STATUS_OK)
        return status;
    if (taken)
        status = mapping_remove_range(space, address, end);
    if (status != STATUS_OK) {
        mapping_discard(mapping);
        return status;
    }
    mapping_set_range(mapping, address, request->length);
    mapping_insert(mapping, taken ? mapping_find(space, address) : next);
    if (taken)
        mapping_join(mapping);
    return STATUS_OK;
}

static enum status place(struct space *space, const struct map_request *request, uint64_t *address)
{
    *address = request->address;
    if ((request->flags & MAP_FIXED_ADDRESS) == 0 &&
        !range_choose(space, request->length, request->flags, address))
        return STATUS_NO_MEMORY;
    struct mapping *next = mapping_find(space, *address);
    bool taken = next != NULL && next->start < *address + request->length;
    if (taken && (request->flags & MAP_NO_REPLACE) != 0)
        return STATUS_EXISTS;
    struct mapping *mapping = taken ? NULL : mapping_extend(space, request, *address, next);
    if (mapping == NULL)
        return insert(space, request, *address, next);
    mapping_join(mapping);
    return STATUS_OK;
}

static enum status map_locked(struct space *space, const struct map_request *request,
                              uint64_t *address)
{
    struct call_step *step = request->step;
    if ((request->flags & MAP_POPULATE) == 0)
        return place(space, request, address);
    enum status status = step->result == 0 ? place(space, request, address) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (step->result == 0)
        step->at = step->result = *address;
    *address = step->result;
    return fault_populate(space, &step->at, step->result + request->length, request->flags);
}

enum status space_map(struct space *space, struct map_request *request, uint64_t *address)
{
    enum status status = space_begin_change(space, check_request(request));
    if (status != STATUS_OK)
        return status;
    return space_end_change(space, map_locked(space, request, address));
}

enum status space_unmap(struct space *space, uint64_t address, uint64_t length)
{
    enum status status = space_begin_change(space, range_check(address, &length));
    if (status != STATUS_OK)
        return status;
    return space_end_change(space, mapping_remove_range(space, address, address + length));
}

/* Protection. */

/* NOT_FOUND if there is a hole, NO_RIGHT if one of the mappings may not have this. */
static enum status check_protect(struct space *space, uint64_t start, uint64_t end, uint32_t flags)
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

static void join_range(struct space *space, uint64_t start, uint64_t end)
{
    struct mapping *mapping;
    for (uint64_t at = start; at < end; at = mapping_find(space, at)->end)
        mapping_join(mapping_find(space, at));
    mapping = mapping_find(space, end);
    if (mapping != NULL)
        mapping_join(mapping);
}

/* Boundaries have been made. What rights the table has shrink here, faults add them. */
static enum status apply_protection(struct space *space, const struct range *range, uint32_t flags,
                                    struct call_step *step)
{
    uint32_t limit = SPACE_STEP_LIMIT;
    struct mapping *mapping = mapping_find(space, range->start);
    for (; mapping != NULL && mapping->start < range->end; mapping = mapping_next(mapping))
        mapping->flags = (mapping->flags & ~(uint32_t)MAP_PROTECTION) | (flags & MAP_PROTECTION);
    if (step->at == 0)
        step->at = range->start;
    range_protect(&space->table, &step->at, range->end, mapping_table_rights(flags), &limit);
    if (step->at < range->end)
        return STATUS_RESTART;
    join_range(space, range->start, range->end);
    return STATUS_OK;
}

enum status space_protect(struct space *space, uint64_t address, uint64_t length, uint32_t flags,
                          struct call_step *step)
{
    enum status status = space_begin_change(space, range_check(address, &length));
    const struct range range = {address, address + length};
    if (status != STATUS_OK)
        return status;
    status = check_protect(space, range.start, range.end, flags);
    if (status == STATUS_OK)
        status = mapping_cut(space, range.start);
    if (status == STATUS_OK)
        status = mapping_cut(space, range.end);
    if (status == STATUS_OK)
        status = apply_protection(space, &range, flags, step);
    return space_end_change(space, status);
}

/* Discarding. */

static enum status discard_part(struct mapping *mapping, const struct range *part, uint32_t *limit)
{
    uint64_t first = mapping_private_index(mapping, part->start);
    uint64_t end = first + ((part->end - part->start) >> PAGE_SHIFT);
    enum status status = page_tree_prepare_clear(&mapping->private_pages, first, end);
    if (status != STATUS_OK)
        return status;
    uint64_t shown = arch_table_unmap(&mapping->space->table, part->start, part->end);
    uint64_t dropped = page_tree_clear(&mapping->private_pages, first, end, NULL);
    range_spend(limit, 2 + (shown > dropped ? shown : dropped));
    return STATUS_OK;
}

/* The part of a mapping that the next piece of work is about; false if there is none before `end`. */
static bool discard_next(struct space *space, uint64_t end, struct call_step *step,
                         struct range *part)
{
    const struct mapping *mapping = mapping_find(space, step->at);
    if (step->at >= end || mapping == NULL || mapping->start >= end)
        return false;
    part->start = mapping->start > step->at ? mapping->start : step->at;
    part->end = mapping->end < end ? mapping->end : end;
    if (part->end - part->start > DISCARD_PAGES * PAGE_SIZE)
        part->end = part->start + DISCARD_PAGES * PAGE_SIZE;
    step->at = part->end;
    return true;
}

enum status space_discard(struct space *space, uint64_t address, uint64_t length,
                          struct call_step *step)
{
    struct range part;
    uint32_t limit = SPACE_STEP_LIMIT;
    enum status status = space_begin_change(space, range_check(address, &length));
    if (status != STATUS_OK)
        return status;
    if (step->at == 0)
        step->at = address;
    bool more = true;
    while (status == STATUS_OK && limit > 0 &&
           (more = discard_next(space, address + length, step, &part)))
        status = discard_part(mapping_find(space, part.start), &part, &limit);
    return space_end_change(space, status == STATUS_OK && more ? STATUS_RESTART : status);
}

/* Looking. */

/* Count the pages shown of a mapping into step->result. */
static enum status count_step(const struct mapping *mapping, struct call_step *step)
{
    uint32_t limit = SPACE_STEP_LIMIT;
    if (step->at < mapping->start)
        step->at = mapping->start;
    step->result +=
        range_protect(&mapping->space->table, &step->at, mapping->end, PTE_RIGHTS, &limit);
    return step->at < mapping->end ? STATUS_RESTART : STATUS_OK;
}

static void describe(const struct mapping *mapping, struct mapping_information *information)
{
    *information = (struct mapping_information){
        .start = mapping->start, .end = mapping->end, .flags = mapping->flags};
    if (mapping->memory != NULL) {
        information->object_id = mapping->memory->object.id;
        information->object_offset = mapping->memory_offset;
        information->tag = mapping->memory->tag;
    }
}

enum status space_inspect(struct space *space, uint64_t address, bool hidden,
                          struct mapping_information *information, struct call_step *step)
{
    enum status status = STATUS_NOT_FOUND;
    uint32_t passed_over = MAPPING_LEAVING | (hidden ? 0 : MAP_HIDDEN);
    lock_acquire(&space->lock);
    const struct mapping *mapping = mapping_find(space, address);
    while (mapping != NULL && (mapping->flags & passed_over) != 0)
        mapping = mapping_next(mapping);
    if (mapping != NULL) {
        status = count_step(mapping, step);
        describe(mapping, information);
        information->resident_pages = step->result;
    }
    return space_end_change(space, status);
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
    return space_end_change(space, status);
}

void space_unmap_frame(struct space *space, uint32_t slot)
{
    uint64_t address = FRAME_BASE + (uint64_t)slot * FRAME_STRIDE;
    lock_acquire(&space->lock);
    arch_table_unmap(&space->table, address, address + FRAME_SIZE);
    lock_release(&space->lock);
}
