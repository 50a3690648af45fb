/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Changing the size and the place of a mapping.
 *
 * Private pages are found by an index, not by an address, and so move with the
 * mapping untouched; page tables are emptied before, in steps, and filled again by faults.
 */
#include <kernel/space.h>

#include <kernel/mapping.h>

static enum status check_request(struct remap_request *request)
{
    enum status status = range_check(request->address, &request->old_length);
    if (status != STATUS_OK)
        return status;
    if (!range_round_length(&request->new_length))
        return STATUS_OUT_OF_RANGE;
    if ((request->flags & REMAP_FIXED) == 0)
        return STATUS_OK;
    status = range_check(request->new_address, &request->new_length);
    bool apart = request->new_address + request->new_length <= request->address ||
                 request->address + request->old_length <= request->new_address;
    return status == STATUS_OK && !apart ? STATUS_INVALID : status;
}

/* Put a mapping, with all its pages, elsewhere. */
static void move(struct mapping *mapping, uint64_t address, uint64_t length)
{
    mapping->cleared = 0;
    mapping_take_out(mapping);
    mapping->start = address;
    mapping->end = address + length;
    mapping_insert(mapping, mapping_find(mapping->space, address));
}

/* To a place that is free, or will be made so. */
static enum status relocate(struct space *space, const struct remap_request *request,
                            uint64_t *address)
{
    uint64_t end = request->address + request->old_length, place = request->new_address;
    uint32_t region = request->address >= USER_LIBRARY ? MAP_LIBRARY : 0;
    enum status status = mapping_cut(space, request->address);
    if (status == STATUS_OK)
        status = mapping_cut(space, end);
    if (status == STATUS_OK && (request->flags & REMAP_FIXED) != 0)
        status = mapping_remove_range(space, place, place + request->new_length);
    if (status != STATUS_OK)
        return status;
    struct mapping *mapping = mapping_find(space, request->address);
    uint32_t limit = SPACE_STEP_LIMIT;
    if (!mapping_clear(mapping, &limit))
        return STATUS_RESTART;
    if ((request->flags & REMAP_FIXED) == 0) {
        place = 0;
        if (!range_choose(space, request->new_length, region, &place))
            return STATUS_NO_MEMORY;
    }
    move(mapping, place, request->new_length);
    *address = place;
    return STATUS_OK;
}

static bool can_grow_here(struct space *space, const struct mapping *mapping,
                          const struct remap_request *request)
{
    uint64_t end = request->address + request->old_length;
    uint64_t more = request->new_length - request->old_length;
    return mapping->end == end && range_is_valid(mapping->start, end + more - mapping->start) &&
           range_is_free(space, end, more);
}

static enum status grow(struct space *space, struct mapping *mapping,
                        const struct remap_request *request, uint64_t *address)
{
    if (can_grow_here(space, mapping, request)) {
        uint64_t more = request->new_length - request->old_length;
        mapping->end += more;
        space->mapped_bytes += more;
        *address = request->address;
        return STATUS_OK;
    }
    if ((request->flags & REMAP_MAY_MOVE) == 0)
        return STATUS_NO_MEMORY;
    return relocate(space, request, address);
}

/* Up to `end`, or up to what a former step has begun to remove. */
static bool reaches(const struct mapping *mapping, uint64_t end)
{
    const struct mapping *next = mapping_next(mapping);
    return mapping->end >= end || (next != NULL && (next->flags & MAPPING_LEAVING) != 0 &&
                                   next->start == mapping->end && next->end >= end);
}

static enum status remap_locked(struct space *space, struct remap_request *request,
                                uint64_t *address)
{
    uint64_t end = request->address + request->old_length;
    struct mapping *mapping = mapping_find(space, request->address);
    if (mapping == NULL || mapping->start > request->address || !reaches(mapping, end))
        return STATUS_NOT_FOUND;
    if (request->new_length < request->old_length) {
        enum status status =
            mapping_remove_range(space, request->address + request->new_length, end);
        if (status != STATUS_OK)
            return status;
        request->old_length = request->new_length;
    }
    if ((request->flags & REMAP_FIXED) != 0)
        return relocate(space, request, address);
    *address = request->address;
    if (request->new_length == request->old_length)
        return STATUS_OK;
    return grow(space, mapping, request, address);
}

enum status space_remap(struct space *space, const struct remap_request *asked, uint64_t *address)
{
    struct remap_request request = *asked;
    enum status status = space_begin_change(space, check_request(&request));
    if (status != STATUS_OK)
        return status;
    return space_end_change(space, remap_locked(space, &request, address));
}
