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
    if ((from->flags & MAP_WRITE) != 0 && !page_tree_is_empty(&from->private_pages))
        arch_table_protect(&from->space->table, from->start, from->end, PTE_READ | PTE_EXECUTE);
    return STATUS_OK;
}

enum status space_clone(struct space *from, struct space *to)
{
    enum status status = STATUS_OK;
    lock_acquire_two(&from->lock, &to->lock);
    for (struct list_node *node = from->mappings.head.next;
         status == STATUS_OK && node != &from->mappings.head; node = node->next)
        status = clone_mapping(container_of(node, struct mapping, link), to);
    lock_release(&to->lock);
    lock_release(&from->lock);
    return status;
}
