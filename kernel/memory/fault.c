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
 *
 * An aligned stretch of memory without object, of the size of a large page, that is
 * entered at its beginning is about to be filled. It gets all its pages at once, in one
 * block, to be shown by one entry. They are pages like any others, owned one by one, so
 * nothing else needs to know. Each fault zeroes sixteen of them; the last one shows the
 * block, if it still is one that nobody shares. A stretch that is entered elsewhere, as a
 * stack is, gets small pages.
 */
#include <kernel/space.h>

#include <kernel/log.h>
#include <kernel/mapping.h>
#include <kernel/memory.h>
#include <kernel/relaxed.h>
#include <kernel/string.h>

#define POPULATE_PAGES 16 /* in one step */
#define AROUND_PAGES 16
#define AROUND_SIZE (AROUND_PAGES * PAGE_SIZE)
#define LARGE_PAGES (UINT64_C(1) << LARGE_PAGE_ORDER)
#define SPARE_PAGES (8 * LARGE_PAGES) /* that must be free where a large one is taken */

/* What stands between a growing stack and the mapping below it. */
#define STACK_GUARD (UINT64_C(256) * PAGE_SIZE)

static uint32_t table_flags(const struct mapping *mapping, bool writable)
{
    uint32_t rights = mapping_table_rights(mapping->flags);
    bool device = mapping->memory != NULL && mapping->memory->device;
    return (writable ? rights : rights & ~(uint32_t)PTE_WRITE) | (device ? PTE_DEVICE : 0);
}

/* Extend a stack down to the address; the tree's index and the order of mappings allow it. */
static bool stack_grow(struct space *space, struct mapping *mapping, uint64_t address)
{
    uint64_t pages = (mapping->start - address) >> PAGE_SHIFT;
    const struct mapping *below = mapping_previous(mapping);
    if ((mapping->flags & MAP_GROWS_DOWN) == 0 || address < USER_START + STACK_GUARD ||
        mapping->end - address > SPACE_STACK_MAX || mapping->private_base < pages ||
        (below != NULL && below->end > address - STACK_GUARD) || mapping->memory != NULL)
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

static bool is_revoked(const struct mapping *mapping)
{
    return mapping->derivation != NULL && atomic_load(&mapping->derivation->dead);
}

static bool access_is_allowed(const struct mapping *mapping, enum fault_access access)
{
    uint32_t one_of = access == FAULT_WRITE     ? MAP_WRITE
                      : access == FAULT_EXECUTE ? MAP_EXECUTE
                                                : MAP_PROTECTION;
    return !is_revoked(mapping) && (mapping->flags & one_of) != 0;
}

struct found {
    uint64_t physical;
    bool writable;    /* may be mapped for writing if the mapping is writable */
    bool copied;      /* another page was in its place until now ... */
    struct page *old; /* ... which is to be released when no page table shows it, or NULL */
};

/* Make a private page, a copy of `source` or zeroes. */
static enum status make_private(struct mapping *mapping, uint64_t address, const void *source,
                                struct found *found)
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
    status = page_tree_set(&mapping->private_pages, index, page, &found->old);
    if (status != STATUS_OK) {
        page_release(page);
        return status;
    }
    found->physical = page_physical(page);
    found->writable = found->copied = true;
    return STATUS_OK;
}

static void zero_page(struct page *page)
{
    memset(page_address(page), 0, PAGE_SIZE);
    page->paging = PAGE_CLEAN;
}

/*
 * What the object has. Its lock need not be kept: a page that leaves the object is freed
 * only after a sweep, which needs this space's lock.
 */
static inline enum status locate(const struct mapping *mapping, uint64_t address,
                                 enum memory_need need, struct found *found)
{
    struct memory *memory = mapping->memory;
    lock_acquire(&memory->object.lock);
    enum status status = memory_locate_locked(memory, mapping_memory_offset(mapping, address), need,
                                              &found->physical, &found->writable);
    lock_release(&memory->object.lock);
    return status;
}

/* Find or make the page of an address where the mapping has private ones. */
static __attribute__((noinline)) enum status
find_private(struct mapping *mapping, uint64_t address, enum memory_need need, struct found *found)
{
    uint64_t index = mapping_private_index(mapping, address);
    struct page *page = page_tree_find(&mapping->private_pages, index, &found->writable);
    bool own = found->writable, raw = page != NULL && page->paging == PAGE_RAW;
    if (raw && own)
        zero_page(page);
    if (page != NULL && (!raw || own)) {
        found->physical = page_physical(page);
        if (own || need != MEMORY_WRITE)
            return STATUS_OK;
        return make_private(mapping, address, page_address(page), found);
    }
    if (mapping->memory == NULL)
        return need == MEMORY_PEEK ? STATUS_NOT_FOUND : make_private(mapping, address, NULL, found);
    enum status status = locate(mapping, address, need == MEMORY_WRITE ? MEMORY_READ : need, found);
    found->writable = false;
    if (status != STATUS_OK || need != MEMORY_WRITE)
        return status;
    return make_private(mapping, address, arch_physical_to_virtual(found->physical), found);
}

static inline enum status find_page(struct mapping *mapping, uint64_t address,
                                    enum memory_need need, struct found *found)
{
    *found = (struct found){0};
    return mapping_is_private(mapping) ? find_private(mapping, address, need, found)
                                       : locate(mapping, address, need, found);
}

static inline __attribute__((always_inline)) enum status
show_page(struct mapping *mapping, uint64_t address, enum memory_need need)
{
    struct found found;
    struct page_table *table = &mapping->space->table;
    enum status status = find_page(mapping, address, need, &found);
    if (status != STATUS_OK)
        return status;
    status = arch_table_map(table, address, found.physical, table_flags(mapping, found.writable));
    if (found.writable && address < mapping->space->sealed)
        mapping->space->sealed = address;
    if (status != STATUS_OK)
        arch_table_unmap(table, address, address + PAGE_SIZE);
    if (found.old != NULL)
        page_release(found.old);
    return status;
}

/* A block for a stretch, none of it zeroed yet; RESTART if there is one. */
static enum status make_block(struct mapping *mapping, uint64_t index)
{
    struct page *block;
    enum status status = STATUS_NO_MEMORY;
    if (page_count_free() >= SPARE_PAGES)
        status = page_allocate(mapping->space->account, LARGE_PAGE_ORDER, PAGE_NODE_ANY, &block);
    if (status != STATUS_OK)
        return status;
    page_split(block);
    status = page_tree_set_block(&mapping->private_pages, index, block, LARGE_PAGES);
    return status == STATUS_OK ? STATUS_RESTART : status;
}

/* Zero the next pages of what looks like a block: RESTART, or OK when all are; NOT_FOUND if it is none. */
static enum status zero_step(const struct page_tree *tree, uint64_t index, struct page *block)
{
    uint64_t at = 0;
    while (at < LARGE_PAGES && relaxed_load(&block[at].paging) != PAGE_RAW)
        at++;
    bool done = at == LARGE_PAGES;
    uint64_t first = done ? 0 : at - at % AROUND_PAGES;
    uint64_t count = done ? LARGE_PAGES : AROUND_PAGES;
    if (!page_tree_has(tree, index + first, block + first, count))
        return STATUS_NOT_FOUND;
    for (; at < first + count; at++) {
        if (block[at].paging == PAGE_RAW)
            zero_page(&block[at]);
    }
    return done ? STATUS_OK : STATUS_RESTART;
}

/* A step towards a large page around an address, of a mapping without object: RESTART, or OK if it is shown. Any other status
 * is for a small page to be shown. */
static enum status show_large(struct mapping *mapping, uint64_t address, enum memory_need need)
{
    struct page_table *table = &mapping->space->table;
    const struct page_tree *tree = &mapping->private_pages;
    uint64_t start = address & ~(LARGE_PAGE_SIZE - 1), end = start + LARGE_PAGE_SIZE, physical;
    uint32_t flags, needed = PTE_LARGE | (need == MEMORY_WRITE ? PTE_WRITE : PTE_READ);
    if ((mapping->flags & MAP_EXECUTE) != 0 || start < mapping->start || end > mapping->end)
        return STATUS_NOT_FOUND;
    uint64_t index = mapping_private_index(mapping, start), index_end = index + LARGE_PAGES;
    bool own;
    struct page *block = page_tree_find(tree, index, &own);
    if (block == NULL && address - start < AROUND_SIZE &&
        page_tree_next(tree, index, index_end) == index_end)
        return make_block(mapping, index);
    if (!own || page_physical(block) % LARGE_PAGE_SIZE != 0)
        return STATUS_NOT_FOUND;
    if (arch_table_lookup(table, start, &physical, &flags) && (flags & needed) == needed)
        return arch_table_map(table, start, physical, flags);
    if (!page_tree_has(tree, index_end - 1, block + (LARGE_PAGES - 1), 1))
        return STATUS_NOT_FOUND;
    enum status status = zero_step(tree, index, block);
    if (status != STATUS_OK)
        return status;
    if (start < mapping->space->sealed)
        mapping->space->sealed = start;
    return arch_table_map(table, start, page_physical(block),
                          table_flags(mapping, true) | PTE_LARGE);
}

/* Show what is there of the pages around an address and is not shown yet. */
static void show_around(struct mapping *mapping, uint64_t address)
{
    uint64_t start = address & ~(AROUND_SIZE - 1), end = start + AROUND_SIZE;
    uint64_t physical;
    uint32_t flags;
    if (start < mapping->start)
        start = mapping->start;
    if (end > mapping->end)
        end = mapping->end;
    for (uint64_t next = start; next < end; next += PAGE_SIZE) {
        if (arch_table_lookup(&mapping->space->table, next, &physical, &flags))
            continue;
        enum status status = show_page(mapping, next, MEMORY_PEEK);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND)
            return;
    }
}

/* What is on its way out of the table is there again from here on: show_large shows the most. */
static inline enum status show(struct mapping *mapping, uint64_t address, enum memory_need need)
{
    enum status status = STATUS_NOT_FOUND;
    if (address < mapping->cleared)
        mapping->cleared = address & ~(LARGE_PAGE_SIZE - 1);
    if (mapping->memory == NULL)
        status = show_large(mapping, address, need);
    bool large = status == STATUS_OK || status == STATUS_RESTART;
    return large ? status : show_page(mapping, address, need);
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
    enum memory_need need = access == FAULT_WRITE ? MEMORY_WRITE : MEMORY_READ;
    enum status status = show(mapping, address, need);
    *kind = status == STATUS_NO_MEMORY ? FAULT_PAGE_MEMORY : FAULT_PAGE_PAGER;
    if (status == STATUS_OK && need == MEMORY_READ)
        show_around(mapping, address);
    return status;
}

__attribute__((always_inline)) enum status fault_populate(struct space *space, uint64_t *at,
                                                          uint64_t end, uint32_t flags)
{
    bool write = (flags & MAP_WRITE) != 0;
    enum memory_need need = write ? MEMORY_WRITE : MEMORY_READ;
    struct mapping *mapping = mapping_find(space, *at);
    if (mapping == NULL || mapping->start > *at ||
        !access_is_allowed(mapping, write ? FAULT_WRITE : FAULT_READ))
        return STATUS_OK;
    for (uint32_t pages = 0; *at < end && *at < mapping->end; *at += PAGE_SIZE) {
        enum status status = pages++ < POPULATE_PAGES ? show(mapping, *at, need) : STATUS_RESTART;
        if (status != STATUS_OK)
            return status == STATUS_RESTART ? status : STATUS_OK;
    }
    return STATUS_OK;
}

enum status space_fault(struct space *space, uint64_t address, enum fault_access access,
                        bool at_once, enum fault_kind *kind)
{
    enum status status = space_begin_change(space, STATUS_OK);
    while (at_once && status != STATUS_OK)
        status = space_begin_change(space, STATUS_OK);
    if (status != STATUS_OK)
        return status;
    space->faults++;
    return space_end_change(space, resolve(space, address & ~(PAGE_SIZE - 1), access, kind));
}

/* Reading and writing from outside. */

static bool outsider_may(const struct mapping *mapping, bool write)
{
    bool device = mapping->memory != NULL && mapping->memory->device;
    if (is_revoked(mapping) || device || (mapping->flags & MAPPING_LEAVING) != 0)
        return false;
    return !write || mapping_is_private(mapping) || access_is_allowed(mapping, FAULT_WRITE);
}

static enum status get_page(struct mapping *mapping, uint64_t address, bool write,
                            struct page **result)
{
    struct found found;
    enum status status = find_page(mapping, address, write ? MEMORY_WRITE : MEMORY_READ, &found);
    if (status != STATUS_OK)
        return status;
    if (found.copied)
        arch_table_unmap(&mapping->space->table, address, address + PAGE_SIZE);
    if (found.old != NULL)
        page_release(found.old);
    *result = page_of_physical(found.physical);
    page_acquire(*result);
    return STATUS_OK;
}

enum status space_get_page(struct space *space, uint64_t address, bool write, struct page **result)
{
    address &= ~(PAGE_SIZE - 1);
    enum status status = space_begin_change(space, STATUS_OK);
    if (status != STATUS_OK)
        return status;
    status = STATUS_BAD_ADDRESS;
    struct mapping *mapping = find_mapping(space, address);
    if (mapping != NULL && outsider_may(mapping, write))
        status = get_page(mapping, address, write, result);
    return space_end_change(space, status == STATUS_OUT_OF_RANGE ? STATUS_BAD_ADDRESS : status);
}
