/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Cloning an address space: fork.
 *
 * Each mapping is made again with its tree of private pages cloned, which costs
 * one reference (page_tree.c); the copy's table stays empty, faults fill it. What
 * the original could write is taken back to read-only in its page table before:
 * up to an address the space is sealed, and a fault that makes a page writable below
 * it breaks the seal there.
 *
 * All of that goes in steps, and the copy is to be as the original was at one moment.
 * So while one is being made nothing of the original is changed, but by who wants to: he
 * does the next step of the work, and then tries again. Nobody waits for a thread that is not let run.
 */
#include <kernel/space.h>

#include <kernel/mapping.h>
#include <kernel/object.h>

#define CLONE_COST 4 /* of a mapping, in pages freed */

static void seal_step(struct space *space, uint32_t *limit)
{
    const struct mapping *mapping;
    while (*limit > 0 && (mapping = mapping_find(space, space->sealed)) != NULL) {
        if (space->sealed < mapping->start)
            space->sealed = mapping->start;
        if (mapping_is_private(mapping)) {
            range_protect(&space->table, &space->sealed, mapping->end, PTE_READ | PTE_EXECUTE,
                          limit);
        } else {
            space->sealed = mapping->end;
            range_spend(limit, 1);
        }
    }
}

/* What follows the last mapping that the copy has. */
static enum status copy_step(struct space *from, struct space *to, uint32_t *limit)
{
    uint64_t done = 0;
    if (!list_is_empty(&to->mappings))
        done = container_of(to->mappings.head.previous, struct mapping, link)->end;
    struct mapping *mapping = mapping_find(from, done), *copy;
    for (; mapping != NULL; mapping = mapping_next(mapping)) {
        if (*limit == 0)
            return STATUS_RESTART;
        if ((mapping->flags & MAPPING_LEAVING) != 0)
            continue;
        range_spend(limit, CLONE_COST);
        enum status status = mapping_copy(mapping, to, mapping->start, &copy);
        if (status != STATUS_OK)
            return status;
        mapping_insert(copy, NULL);
    }
    return STATUS_OK;
}

enum status space_clone_step(struct space *from, struct space *to)
{
    uint32_t limit = SPACE_STEP_LIMIT;
    lock_acquire_two(&from->lock, &to->lock);
    if (from->copy == to) {
        seal_step(from, &limit);
        to->copied = copy_step(from, to, &limit);
        if (to->copied != STATUS_RESTART)
            from->copy = NULL;
    }
    enum status status = to->copied;
    lock_release(&to->lock);
    lock_release(&from->lock);
    return status;
}

enum status space_carry_on(struct space *space)
{
    struct space *copy = space->copy;
    struct object *owner = space->copy_owner;
    object_acquire(owner);
    lock_release(&space->lock);
    (void)space_clone_step(space, copy);
    object_release(owner);
    return STATUS_RESTART;
}

enum status space_clone_begin(struct space *from, struct space *to, struct object *owner)
{
    enum status status = space_begin_change(from, STATUS_OK);
    if (status != STATUS_OK)
        return status;
    to->copied = STATUS_RESTART;
    from->copy = to;
    from->copy_owner = owner;
    lock_release(&from->lock);
    return STATUS_OK;
}

void space_clone_abandon(struct space *from, const struct space *to)
{
    lock_acquire(&from->lock);
    if (from->copy == to)
        from->copy = NULL;
    lock_release(&from->lock);
}
