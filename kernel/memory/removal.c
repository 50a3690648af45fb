/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Removing what is mapped in a range.
 *
 * A little mapping goes as a whole, a little at one end of one is trimmed off. All else is first cut out into
 * mappings of its own, which are then emptied one after the other: taken out of
 * the page table, then freed page by page. That may take many steps, between
 * which other threads run; a mapping that is being emptied stays where it is, as
 * a placeholder that nobody can use or join, so that the range is nobody else's
 * before the call that removes it is done. The first placeholder of a range takes
 * in those after it as they become empty; so the last step is short, and what is
 * to be mapped in the range instead comes in the same one.
 */
#include <kernel/mapping.h>

static enum status trim(struct mapping *mapping, uint64_t start, uint64_t end)
{
    struct page_tree *tree = &mapping->private_pages;
    uint64_t first = mapping_private_index(mapping, start);
    uint64_t pages = (end - start) >> PAGE_SHIFT;
    bool untouched =
        page_tree_is_empty(tree) || (pages == 1 && page_tree_find(tree, first, NULL) == NULL);
    enum status status = STATUS_OK;
    if (!untouched)
        status = page_tree_prepare_clear(tree, first, first + pages);
    if (status != STATUS_OK)
        return status;
    arch_table_unmap(&mapping->space->table, start, end);
    if (!untouched)
        page_tree_clear(tree, first, first + pages, NULL);
    mapping->space->mapped_bytes -= end - start;
    if (start != mapping->start) {
        mapping->end = start;
        return STATUS_OK;
    }
    mapping->private_base += pages;
    mapping->memory_offset += end - start;
    mapping->start = end;
    return STATUS_OK;
}

bool mapping_clear(struct mapping *mapping, uint32_t *limit)
{
    if (mapping->cleared < mapping->start)
        mapping->cleared = mapping->start;
    range_protect(&mapping->space->table, &mapping->cleared, mapping->end, 0, limit);
    return mapping->cleared >= mapping->end;
}

/* True when nothing of it is shown and no page is left. */
static bool empty_step(struct mapping *mapping, uint32_t *limit)
{
    if ((mapping->flags & MAPPING_LEAVING) == 0) {
        mapping->flags = MAPPING_LEAVING | MAP_HIDDEN;
        mapping->allowed = 0;
        mapping->cleared = mapping->start;
    }
    return mapping_clear(mapping, limit) && page_tree_drain(&mapping->private_pages, limit);
}

static void absorb(struct mapping *into, struct mapping *next, uint32_t *limit)
{
    mapping_remove(next);
    into->space->mapped_bytes += next->end - into->end;
    into->end = into->cleared = next->end;
    range_spend(limit, REMOVE_COST);
}

/* From the first mapping of the range on. */
static enum status remove_step(struct mapping *mapping, uint64_t end)
{
    uint32_t limit = SPACE_STEP_LIMIT;
    struct mapping *empty = NULL, *next;
    for (; mapping != NULL && mapping->start < end; mapping = next) {
        next = mapping_next(mapping);
        if (!empty_step(mapping, &limit))
            return STATUS_RESTART;
        if (empty == NULL)
            empty = mapping;
        else
            absorb(empty, mapping, &limit);
    }
    if (empty != NULL)
        mapping_remove(empty);
    return STATUS_OK;
}

enum status mapping_remove_range(struct space *space, uint64_t start, uint64_t end)
{
    struct mapping *mapping = mapping_find(space, start);
    if (mapping == NULL || mapping->start >= end)
        return STATUS_OK;
    bool lower = mapping->start == start, upper = mapping->end == end;
    bool little =
        end - start <= SPACE_STEP_LIMIT * PAGE_SIZE && (mapping->flags & MAPPING_LEAVING) == 0;
    if (little && lower && upper) {
        arch_table_unmap(&space->table, start, end);
        mapping_remove(mapping);
        return STATUS_OK;
    }
    if (little && ((lower && end < mapping->end) || (upper && start > mapping->start)))
        return trim(mapping, start, end);
    enum status status = mapping_cut(space, start);
    if (status == STATUS_OK)
        status = mapping_cut(space, end);
    return status == STATUS_OK ? remove_step(mapping_find(space, start), end) : status;
}
