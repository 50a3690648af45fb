/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Taking pages of a memory object out of page tables.
 *
 * A walk (sweep) over the object's mappings needs each space's lock, which comes
 * before the object's. So it takes a mapping off the front of the list to learn
 * its space, drops the object's lock, takes both in order and deals with mappings
 * of that space; what has been dealt with carries the number of the sweep and
 * stands at the back. A mapping made meanwhile cannot show the pages in question
 * any more: they are out of the object, on a list, and freed at the sweep's end.
 * One that shares pages with a neighbour by being cut or joined is dealt with before.
 * A space seen on the list stays valid until the kernel is left (rcu.h).
 *
 * A sweep goes over many mappings in steps. It belongs to the object, not to the
 * call that began it: whoever needs the next one helps to end the first.
 */
#include <kernel/memory.h>

#include <arch/page_table.h>
#include <kernel/mapping.h>

#define SWEEP_PAGES 64 /* of the object, dropped together */
#define SWEEP_COST 8   /* of a mapping, in pages freed */

bool memory_is_swept(const struct memory *memory)
{
    return memory->swept.start < memory->swept.end;
}

static void sweep_mapping(const struct mapping *mapping, const struct range *swept)
{
    uint64_t size = mapping->end - mapping->start, first = mapping->memory_offset;
    if (swept->end <= first || swept->start >= first + size)
        return;
    uint64_t from = swept->start > first ? swept->start - first : 0;
    uint64_t to = swept->end < first + size ? swept->end - first : size;
    arch_table_unmap(&mapping->space->table, mapping->start + from, mapping->start + to);
}

static void deal_with(struct memory *memory, struct mapping *mapping)
{
    sweep_mapping(mapping, &memory->swept);
    mapping->sweep = memory->sweep;
    list_remove(&mapping->object_link);
    list_push_back(&memory->mappings, &mapping->object_link);
}

/* One that this sweep has not dealt with, or NULL. Object lock held. */
static struct mapping *next_mapping(const struct memory *memory)
{
    struct list_node *node = list_first(&memory->mappings);
    if (node == NULL)
        return NULL;
    struct mapping *mapping = container_of(node, struct mapping, object_link);
    return mapping->sweep == memory->sweep ? NULL : mapping;
}

/* Those of the space that come next: who has others further on comes again. */
static void sweep_space(struct memory *memory, const struct space *space, uint32_t *limit)
{
    struct mapping *mapping;
    while (*limit > 0 && (mapping = next_mapping(memory)) != NULL && mapping->space == space) {
        deal_with(memory, mapping);
        range_spend(limit, SWEEP_COST);
    }
}

void memory_settle_mapping(struct memory *memory, struct mapping *mapping)
{
    lock_acquire(&memory->object.lock);
    if (memory_is_swept(memory) && mapping->sweep != memory->sweep)
        deal_with(memory, mapping);
    lock_release(&memory->object.lock);
}

static void lock_both(struct memory *memory, struct space *space)
{
    lock_release(&memory->object.lock);
    lock_acquire(&space->lock);
    lock_acquire(&memory->object.lock);
}

static void unlock_space(struct memory *memory, struct space *space)
{
    lock_release(&memory->object.lock);
    lock_release(&space->lock);
    lock_acquire(&memory->object.lock);
}

/* Go on with the sweep under way; false if it has not ended. Object lock held, and let go of. */
static bool sweep_step(struct memory *memory, uint32_t *limit)
{
    struct mapping *mapping;
    struct list_node *node;
    while (memory_is_swept(memory) && *limit > 0 && (mapping = next_mapping(memory)) != NULL) {
        struct space *space = mapping->space;
        lock_both(memory, space);
        sweep_space(memory, space, limit);
        unlock_space(memory, space);
    }
    if (next_mapping(memory) != NULL && memory_is_swept(memory))
        return false;
    while ((node = list_pop_front(&memory->taken)) != NULL)
        page_release(container_of(node, struct page, link));
    memory->swept = (struct range){0};
    return true;
}

/* Begin a sweep about the next pages, taking them out of the object or not; false if none is left. */
static bool begin_sweep(struct memory *memory, struct range *pages, bool take, uint32_t *limit)
{
    uint64_t first = page_tree_next(&memory->pages, pages->start, pages->end);
    uint64_t end = first + SWEEP_PAGES < pages->end ? first + SWEEP_PAGES : pages->end;
    pages->start = end;
    if (first >= end)
        return false;
    if (take) {
        uint64_t count = page_tree_clear(&memory->pages, first, end, &memory->taken);
        memory->resident_pages -= count;
        range_spend(limit, count);
    }
    memory->swept = (struct range){first << PAGE_SHIFT, end << PAGE_SHIFT};
    memory->sweep++;
    return true;
}

bool memory_sweep_step(struct memory *memory, struct range *pages, bool drop)
{
    uint32_t limit = SPACE_STEP_LIMIT;
    lock_acquire(&memory->object.lock);
    bool ended = sweep_step(memory, &limit);
    while (ended && limit > 0 && begin_sweep(memory, pages, drop, &limit))
        ended = sweep_step(memory, &limit);
    bool done = ended && pages->start >= pages->end;
    lock_release(&memory->object.lock);
    return done;
}

/* Revocation. */

/* One of a space, or of any, whose derivation is dead and that page tables may still show. */
static struct mapping *find_revoked(const struct memory *memory, const struct space *space)
{
    list_for_each (&memory->mappings, node) {
        struct mapping *mapping = container_of(node, struct mapping, object_link);
        bool dead = mapping->derivation != NULL && mapping->derivation->dead;
        if (dead && mapping->cleared < mapping->end && (space == NULL || mapping->space == space))
            return mapping;
    }
    return NULL;
}

bool memory_unmap_revoked_step(struct memory *memory)
{
    uint32_t limit = SPACE_STEP_LIMIT;
    struct mapping *mapping;
    lock_acquire(&memory->object.lock);
    while ((mapping = find_revoked(memory, NULL)) != NULL && limit > 0) {
        struct space *space = mapping->space;
        lock_both(memory, space);
        mapping = find_revoked(memory, space);
        if (mapping != NULL)
            (void)mapping_clear(mapping, &limit);
        unlock_space(memory, space);
    }
    lock_release(&memory->object.lock);
    return mapping == NULL;
}
