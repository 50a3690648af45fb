/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Cloning an address space: fork.
 *
 * Each mapping is made again with its tree of private pages cloned, which costs
 * one reference (page_tree.c). What the original could write is then taken back
 * to read-only in its page table; the copy's table stays empty, faults fill it.
 */
#include <kernel/space.h>

#include <kernel/mapping.h>

static enum status clone_mapping(const struct mapping *from, struct space *to)
{
    struct mapping *copy;
    const struct map_request request = {.memory = from->memory,
                                        .derivation = from->derivation,
                                        .offset = from->memory_offset,
                                        .flags = from->flags,
                                        .allowed = from->allowed};
    enum status status = mapping_create(to, &request, &copy);
    if (status != STATUS_OK)
        return status;
    copy->start = from->start;
    copy->end = from->end;
    copy->private_base = from->private_base;
    page_tree_clone(&from->private_pages, &copy->private_pages);
    mapping_insert(copy);
    return STATUS_OK;
}

static enum status clone_mappings(const struct space *from, struct space *to)
{
    list_for_each (&from->mappings, node) {
        enum status status = clone_mapping(container_of(node, struct mapping, link), to);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Writes are to be noticed from now on wherever a page is shared with the clone. */
static void protect_private(struct space *space)
{
    list_for_each (&space->mappings, node) {
        const struct mapping *mapping = container_of(node, struct mapping, link);
        if ((mapping->flags & MAP_WRITE) != 0 && !page_tree_is_empty(&mapping->private_pages))
            arch_table_protect(&space->table, mapping->start, mapping->end, PTE_READ | PTE_EXECUTE);
    }
}

enum status space_clone(struct space *from, struct space *to)
{
    lock_acquire_two(&from->lock, &to->lock);
    enum status status = clone_mappings(from, to);
    protect_private(from);
    lock_release(&to->lock);
    lock_release(&from->lock);
    return status;
}
