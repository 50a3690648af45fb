/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Page faults.
 *
 * A fault first looks for a private page. One that this mapping's tree alone has
 * is mapped as the mapping allows, at once with writing; one that a clone has
 * too is mapped for reading, and copied when it is written. Without a private
 * page the memory object is asked; what it has is mapped as it is if the mapping
 * is shared, for reading if it is private, and copied into a private page for a
 * write. Without an object a page of zeroes is made.
 *
 * A fault costs much more than looking at a page, so one that only reads also
 * maps what is there already of the aligned sixteen pages around it: they share
 * a table of the last level with it, so this needs no memory.
 */
#include <kernel/space.h>

#include <kernel/log.h>
#include <kernel/mapping.h>
#include <kernel/memory.h>
#include <kernel/string.h>

#define AROUND_SIZE (16 * PAGE_SIZE)

/* What stands between a growing stack and the mapping below it. */
#define STACK_GUARD (UINT64_C(256) * PAGE_SIZE)

static uint32_t table_flags(const struct mapping *mapping, bool writable)
{
    uint32_t flags = 0;
    if ((mapping->flags & (MAP_READ | MAP_WRITE)) != 0)
        flags |= PTE_READ;
    if ((mapping->flags & MAP_WRITE) != 0 && writable)
        flags |= PTE_WRITE;
    if ((mapping->flags & MAP_EXECUTE) != 0)
        flags |= PTE_READ | PTE_EXECUTE;
    if (mapping->memory != NULL && mapping->memory->device)
        flags |= PTE_DEVICE;
    return flags;
}

static enum status map_physical(struct mapping *mapping, uint64_t address, uint64_t physical,
                                bool writable)
{
    return arch_table_map(&mapping->space->table, address, physical,
                          table_flags(mapping, writable));
}

/* Extend a stack down to the address; the tree's index and the order of mappings allow it. */
static bool stack_grow(struct space *space, struct mapping *mapping, uint64_t address)
{
    uint64_t pages = (mapping->start - address) >> PAGE_SHIFT;
    const struct mapping *below = mapping_previous(mapping);
    if ((mapping->flags & MAP_GROWS_DOWN) == 0 || address < USER_START + STACK_GUARD ||
        mapping->end - address > SPACE_STACK_MAX || mapping->private_base < pages)
        return false;
    if (below != NULL && below->end > address - STACK_GUARD)
        return false;
    if (mapping->memory != NULL)
        return false;
    mapping->start = address;
    mapping->private_base -= pages;
    space->mapped_bytes += pages << PAGE_SHIFT;
    return true;
}

static struct mapping *find_mapping(struct space *space, uint64_t address)
{
    struct mapping *mapping = mapping_find(space, address);
    if (mapping == NULL || (mapping->start > address && !stack_grow(space, mapping, address)))
        return NULL;
    return mapping;
}

static bool access_is_allowed(const struct mapping *mapping, enum fault_access access)
{
    if (mapping->derivation != NULL && atomic_load(&mapping->derivation->dead))
        return false;
    switch (access) {
    case FAULT_WRITE:
        return (mapping->flags & MAP_WRITE) != 0;
    case FAULT_EXECUTE:
        return (mapping->flags & MAP_EXECUTE) != 0;
    default:
        return (mapping->flags & MAP_PROTECTION) != 0;
    }
}

/*
 * Make a private page, a copy of `source` or zeroes. What was in its place goes
 * to `old`, to be released when no page table shows it any more.
 */
static enum status make_private(struct mapping *mapping, uint64_t address, const void *source,
                                struct page **result, struct page **old)
{
    struct page *page;
    struct account *account = mapping->space->account;
    enum status status = source == NULL ? page_allocate_zeroed(account, &page)
                                        : page_allocate(account, 0, PAGE_NODE_ANY, &page);
    if (status != STATUS_OK)
        return status;
    if (source != NULL)
        memcpy(page_address(page), source, PAGE_SIZE);
    uint64_t index = mapping_private_index(mapping, address);
    status = page_tree_set(&mapping->private_pages, index, page, old);
    if (status != STATUS_OK) {
        page_release(page);
        return status;
    }
    *result = page;
    return STATUS_OK;
}

/* As make_private, and show it. */
static enum status map_private(struct mapping *mapping, uint64_t address, const void *source)
{
    struct page *page, *old = NULL;
    enum status status = make_private(mapping, address, source, &page, &old);
    if (status != STATUS_OK)
        return status;
    status = map_physical(mapping, address, page_physical(page), true);
    if (status != STATUS_OK)
        arch_table_unmap(&mapping->space->table, address, address + PAGE_SIZE);
    if (old != NULL)
        page_release(old);
    return status;
}

/* The page comes from the object, whose lock keeps it there until it is mapped or copied. */
static enum status map_from_object(struct mapping *mapping, uint64_t address, bool write)
{
    struct memory *memory = mapping->memory;
    bool copy = write && mapping_is_private(mapping);
    uint64_t physical;
    lock_acquire(&memory->object.lock);
    enum status status =
        memory_locate_locked(memory, mapping_memory_offset(mapping, address), true, &physical);
    if (status == STATUS_OK && copy)
        status = map_private(mapping, address, arch_physical_to_virtual(physical));
    else if (status == STATUS_OK)
        status = map_physical(mapping, address, physical, !mapping_is_private(mapping));
    lock_release(&memory->object.lock);
    return status;
}

static enum status map_page(struct mapping *mapping, uint64_t address, bool write)
{
    bool exclusive;
    uint64_t index = mapping_private_index(mapping, address);
    struct page *page = page_tree_find(&mapping->private_pages, index, &exclusive);
    if (page != NULL && (exclusive || !write))
        return map_physical(mapping, address, page_physical(page), exclusive);
    if (page != NULL)
        return map_private(mapping, address, page_address(page));
    if (mapping->memory != NULL)
        return map_from_object(mapping, address, write);
    return map_private(mapping, address, NULL);
}

/* Show the page of a neighbouring address if it is there and not shown. */
static enum status map_if_present(struct mapping *mapping, uint64_t address)
{
    uint64_t physical;
    uint32_t flags;
    if (arch_table_lookup(&mapping->space->table, address, &physical, &flags))
        return STATUS_OK;
    bool exclusive;
    uint64_t index = mapping_private_index(mapping, address);
    struct page *page = page_tree_find(&mapping->private_pages, index, &exclusive);
    if (page != NULL)
        return map_physical(mapping, address, page_physical(page), exclusive);
    struct memory *memory = mapping->memory;
    if (memory == NULL)
        return STATUS_OK;
    lock_acquire(&memory->object.lock);
    enum status status =
        memory_locate_locked(memory, mapping_memory_offset(mapping, address), false, &physical);
    if (status == STATUS_OK)
        status = map_physical(mapping, address, physical, !mapping_is_private(mapping));
    lock_release(&memory->object.lock);
    return status;
}

static void map_around(struct mapping *mapping, uint64_t address)
{
    uint64_t start = address & ~(AROUND_SIZE - 1), end = start + AROUND_SIZE;
    if (start < mapping->start)
        start = mapping->start;
    if (end > mapping->end)
        end = mapping->end;
    for (uint64_t next = start; next < end; next += PAGE_SIZE) {
        enum status status = map_if_present(mapping, next);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND)
            return;
    }
}

static enum fault_kind kind_of_failure(enum status status)
{
    return status == STATUS_NO_MEMORY ? FAULT_PAGE_MEMORY : FAULT_PAGE_PAGER;
}

static enum status resolve(struct space *space, uint64_t address, enum fault_access access,
                           enum fault_kind *kind)
{
    struct mapping *mapping = find_mapping(space, address);
    *kind = FAULT_PAGE_ABSENT;
    if (mapping == NULL)
        return STATUS_BAD_ADDRESS;
    *kind = FAULT_PAGE_ACCESS;
    if (!access_is_allowed(mapping, access))
        return STATUS_BAD_ADDRESS;
    enum status status = map_page(mapping, address, access == FAULT_WRITE);
    *kind = kind_of_failure(status);
    if (status == STATUS_OK && access != FAULT_WRITE)
        map_around(mapping, address);
    return status;
}

enum status space_fault(struct space *space, uint64_t address, enum fault_access access,
                        enum fault_kind *kind)
{
    lock_acquire(&space->lock);
    space->faults++;
    enum status status = resolve(space, address & ~(PAGE_SIZE - 1), access, kind);
    lock_release(&space->lock);
    return status;
}

/* Reading and writing from outside. */

static bool outsider_may(const struct mapping *mapping, bool write, bool force)
{
    if (mapping->memory != NULL && mapping->memory->device)
        return false;
    if (access_is_allowed(mapping, write ? FAULT_WRITE : FAULT_READ))
        return true;
    return force && (!write || mapping_is_private(mapping));
}

static enum status get_private(struct mapping *mapping, uint64_t address, const void *source,
                               struct page **result)
{
    struct page *old = NULL;
    enum status status = make_private(mapping, address, source, result, &old);
    if (status != STATUS_OK)
        return status;
    arch_table_unmap(&mapping->space->table, address, address + PAGE_SIZE);
    if (old != NULL)
        page_release(old);
    page_acquire(*result);
    return STATUS_OK;
}

static enum status get_from_object(struct mapping *mapping, uint64_t address, bool write,
                                   struct page **result)
{
    struct page *page;
    uint64_t offset = mapping_memory_offset(mapping, address);
    enum status status = memory_get_page(mapping->memory, offset, &page);
    if (status != STATUS_OK || !write || !mapping_is_private(mapping)) {
        *result = page;
        return status;
    }
    status = get_private(mapping, address, page_address(page), result);
    page_release(page);
    return status;
}

static enum status get_page(struct mapping *mapping, uint64_t address, bool write,
                            struct page **result)
{
    bool exclusive;
    uint64_t index = mapping_private_index(mapping, address);
    struct page *page = page_tree_find(&mapping->private_pages, index, &exclusive);
    if (page != NULL && write && !exclusive)
        return get_private(mapping, address, page_address(page), result);
    if (page != NULL) {
        page_acquire(page);
        *result = page;
        return STATUS_OK;
    }
    if (mapping->memory != NULL)
        return get_from_object(mapping, address, write, result);
    return get_private(mapping, address, NULL, result);
}

enum status space_get_page(struct space *space, uint64_t address, bool write, bool force,
                           struct page **result)
{
    address &= ~(PAGE_SIZE - 1);
    enum status status = STATUS_BAD_ADDRESS;
    lock_acquire(&space->lock);
    struct mapping *mapping = find_mapping(space, address);
    if (mapping != NULL && outsider_may(mapping, write, force))
        status = get_page(mapping, address, write, result);
    lock_release(&space->lock);
    return status == STATUS_OUT_OF_RANGE ? STATUS_BAD_ADDRESS : status;
}
