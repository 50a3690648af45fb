/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Cloning an address space: fork.
 *
 * Each mapping is made again with its tree of private pages cloned, which costs
 * one reference (page_tree.c); the copy's table stays empty, faults fill it. What
 * the original could write is taken back to read-only in its page table before,
 * in steps: up to an address the space is sealed, and a fault that makes a page
 * writable below it breaks the seal there.
 */
#include <kernel/space.h>

#include <kernel/mapping.h>

bool space_seal_step(struct space *space)
{
    uint32_t limit = SPACE_STEP_LIMIT;
    const struct mapping *mapping;
    lock_acquire(&space->lock);
    while (limit > 0 && (mapping = mapping_find(space, space->sealed)) != NULL) {
        if (space->sealed < mapping->start)
            space->sealed = mapping->start;
        if (!mapping_is_private(mapping))
            space->sealed = mapping->end;
        else
            range_protect(&space->table, &space->sealed, mapping->end, PTE_READ | PTE_EXECUTE,
                          &limit);
    }
    lock_release(&space->lock);
    return limit > 0;
}

enum status space_clone(struct space *from, struct space *to)
{
    lock_acquire_two(&from->lock, &to->lock);
    bool sealed = mapping_find(from, from->sealed) == NULL;
    enum status status = sealed ? STATUS_OK : STATUS_RESTART;
    for (struct list_node *node = from->mappings.head.next;
         status == STATUS_OK && node != &from->mappings.head; node = node->next) {
        struct mapping *mapping = container_of(node, struct mapping, link), *copy;
        if ((mapping->flags & MAPPING_LEAVING) != 0)
            continue;
        status = mapping_copy(mapping, to, mapping->start, &copy);
        if (status == STATUS_OK)
            mapping_insert(copy, NULL);
    }
    lock_release(&to->lock);
    lock_release(&from->lock);
    return status;
}
