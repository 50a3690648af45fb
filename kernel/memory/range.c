/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Where mappings may be, and where a new one goes.
 *
 * A place is searched from the top down, as programs expect whose heap grows up
 * from the bottom. The search walks the mappings it passes by.
 */
#include <kernel/mapping.h>

#define ENTRIES_PER_UNIT 8 /* of a page table, as cheap as one page to be freed */
#define FRAMES_END (FRAME_BASE + (uint64_t)FRAME_SLOTS * FRAME_STRIDE)

bool range_is_valid(uint64_t start, uint64_t length)
{
    uint64_t end = start + length;
    return start % PAGE_SIZE == 0 && length != 0 && end > start && start >= USER_START &&
           end <= USER_END && (end <= FRAME_BASE || start >= FRAMES_END);
}

bool range_round_length(uint64_t *length)
{
    uint64_t rounded = (*length + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    bool valid = rounded != 0 && rounded >= *length;
    *length = rounded;
    return valid;
}

enum status range_check(uint64_t address, uint64_t *length)
{
    if (address % PAGE_SIZE != 0)
        return STATUS_INVALID;
    if (!range_round_length(length) || !range_is_valid(address, *length))
        return STATUS_OUT_OF_RANGE;
    return STATUS_OK;
}

bool range_is_free(struct space *space, uint64_t start, uint64_t length)
{
    const struct mapping *mapping = mapping_find(space, start);
    return mapping == NULL || mapping->start >= start + length;
}

/* Where a mapping begins, with what is kept free below it if it is a stack. */
static uint64_t reserved_start(const struct mapping *mapping)
{
    uint64_t size = mapping->end - mapping->start;
    if ((mapping->flags & MAP_GROWS_DOWN) == 0 || size >= SPACE_STACK_MAX)
        return mapping->start;
    return mapping->end > SPACE_STACK_MAX ? mapping->end - SPACE_STACK_MAX : 0;
}

/* The highest free range of this length in [low, high); false if there is none. What is above it
 * is looked for next. */
static bool find_free(struct space *space, uint64_t low, uint64_t high, uint64_t length,
                      uint64_t *address)
{
    uint64_t limit = high;
    struct list_node *node = space->mappings.head.previous;
    for (; node != &space->mappings.head; node = node->previous) {
        const struct mapping *mapping = container_of(node, struct mapping, link);
        if (mapping->start >= high)
            continue;
        if (mapping->end <= limit && limit - mapping->end >= length)
            break;
        uint64_t start = reserved_start(mapping);
        limit = start < limit ? start : limit;
    }
    if (limit < low || limit - low < length)
        return false;
    *address = limit - length;
    if (node->next != &space->mappings.head)
        space->recent = container_of(node->next, struct mapping, link);
    return true;
}

uint64_t range_protect(struct page_table *table, uint64_t *at, uint64_t end, uint32_t rights,
                       uint32_t *limit)
{
    uint64_t count = 0;
    while (*limit > 0 && *at < end) {
        uint64_t start = arch_table_next(table, *at, end);
        uint64_t next = (start & ~(LARGE_PAGE_SIZE - 1)) + LARGE_PAGE_SIZE;
        *at = next < end ? next : end;
        count += arch_table_protect(table, start, *at, rights);
        range_spend(limit, 1 + ((*at - start) >> PAGE_SHIFT) / ENTRIES_PER_UNIT);
    }
    return count;
}

__attribute__((always_inline)) bool range_choose(struct space *space, uint64_t length,
                                                 uint32_t flags, uint64_t *address)
{
    uint64_t wish = *address & ~(PAGE_SIZE - 1);
    if (wish != 0 && range_is_valid(wish, length) && range_is_free(space, wish, length)) {
        *address = wish;
        return true;
    }
    if ((flags & MAP_LIBRARY) != 0)
        return find_free(space, USER_LIBRARY, FRAME_BASE, length, address);
    return find_free(space, USER_START, USER_LIBRARY, length, address);
}
