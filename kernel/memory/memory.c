/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Memory objects.
 *
 * Mappings hold no reference on the pages they show: a page leaves an object
 * only after a walk (sweep) over the object's mappings has taken it out of every
 * page table. The walk needs each space's lock, which comes before the object's,
 * so it takes a mapping off the front of the list to learn its space, drops the
 * object's lock, takes both in order and deals with all mappings of that space;
 * what has been dealt with carries the number of the sweep and stands at the
 * back. A mapping made meanwhile cannot show the pages in question any more. A
 * space seen on the list stays valid until the kernel is left (rcu.h).
 */
#include <kernel/memory.h>

#include <arch/page_table.h>
#include <kernel/account.h>
#include <kernel/log.h>
#include <kernel/mapping.h>
#include <kernel/slab.h>
#include <kernel/string.h>

#define DESTROY_STEP_PAGES 256

static struct slab_cache memory_cache = SLAB_CACHE("memory", struct memory);

static enum status memory_make(struct account *account, enum memory_kind kind, uint64_t size,
                               struct memory **result)
{
    if (size > MEMORY_SIZE_MAX)
        return STATUS_OUT_OF_RANGE;
    void *block;
    enum status status = slab_allocate(&memory_cache, account, &block);
    if (status != STATUS_OK)
        return status;
    struct memory *memory = block;
    object_init(&memory->object, OBJECT_MEMORY, account);
    memory->kind = kind;
    memory->size = size;
    page_tree_init(&memory->pages, account);
    list_init(&memory->mappings);
    *result = memory;
    return STATUS_OK;
}

enum status memory_create(struct account *account, uint64_t size, uint32_t flags,
                          struct memory **result)
{
    enum status status = memory_make(account, MEMORY_ANONYMOUS, size, result);
    if (status == STATUS_OK)
        (*result)->flags = flags;
    return status;
}

enum status memory_create_physical(struct account *account, uint64_t physical, uint64_t size,
                                   bool device, struct memory **result)
{
    enum status status = memory_make(account, MEMORY_PHYSICAL, size, result);
    if (status != STATUS_OK)
        return status;
    (*result)->physical = physical;
    (*result)->device = device;
    (*result)->flags = MEMORY_FIXED_SIZE;
    return STATUS_OK;
}

static void memory_destroy_more(struct deferred *deferred)
{
    memory_destroy(container_of(deferred, struct object, deferred));
}

void memory_destroy(struct object *object)
{
    struct memory *memory = container_of(object, struct memory, object);
    uint32_t limit = DESTROY_STEP_PAGES;
    if (page_tree_drain(&memory->pages, &limit))
        slab_free(&memory_cache, memory->pages.account, memory);
    else
        rcu_defer(&object->deferred, memory_destroy_more);
}

/* Pages. */

static enum status locate_anonymous(struct memory *memory, uint64_t index, bool make,
                                    uint64_t *physical)
{
    struct page *page = page_tree_find(&memory->pages, index, NULL);
    if (page == NULL) {
        if (!make)
            return STATUS_NOT_FOUND;
        enum status status = page_allocate_zeroed(memory->pages.account, &page);
        if (status != STATUS_OK)
            return status;
        status = page_tree_set(&memory->pages, index, page, NULL);
        if (status != STATUS_OK) {
            page_release(page);
            return status;
        }
        memory->resident_pages++;
    }
    *physical = page_physical(page);
    return STATUS_OK;
}

enum status memory_locate_locked(struct memory *memory, uint64_t offset, bool make,
                                 uint64_t *physical)
{
    debug_assert(lock_is_held(&memory->object.lock));
    if (offset >= memory->size)
        return STATUS_OUT_OF_RANGE;
    if (memory->kind == MEMORY_ANONYMOUS)
        return locate_anonymous(memory, offset >> PAGE_SHIFT, make, physical);
    *physical = memory->physical + (offset & ~(PAGE_SIZE - 1));
    return STATUS_OK;
}

static enum status get_page(struct memory *memory, uint64_t offset, bool make, struct page **result)
{
    *result = NULL;
    if (memory->device)
        return STATUS_UNSUPPORTED;
    uint64_t physical;
    lock_acquire(&memory->object.lock);
    enum status status = memory_locate_locked(memory, offset, make, &physical);
    if (status == STATUS_OK) {
        *result = page_of_physical(physical);
        if (*result != NULL)
            page_acquire(*result);
        else
            status = STATUS_UNSUPPORTED;
    }
    lock_release(&memory->object.lock);
    return status;
}

enum status memory_get_page(struct memory *memory, uint64_t offset, struct page **result)
{
    return get_page(memory, offset, true, result);
}

enum status memory_peek_page(struct memory *memory, uint64_t offset, struct page **result)
{
    return get_page(memory, offset, false, result);
}

enum status memory_store(struct memory *memory, uint64_t offset, const void *from, size_t length)
{
    for (size_t done = 0, piece; done < length; done += piece) {
        struct page *page;
        enum status status = memory_get_page(memory, offset + done, &page);
        if (status != STATUS_OK)
            return status;
        size_t within = (offset + done) % PAGE_SIZE, room = PAGE_SIZE - within;
        piece = length - done < room ? length - done : room;
        memcpy((char *)page_address(page) + within, (const char *)from + done, piece);
        page_release(page);
    }
    return STATUS_OK;
}

/* Mappings. */

void memory_attach_mapping(struct memory *memory, struct mapping *mapping)
{
    lock_acquire(&memory->object.lock);
    mapping->sweep = memory->sweep;
    list_push_back(&memory->mappings, &mapping->object_link);
    memory->mapping_count++;
    lock_release(&memory->object.lock);
}

void memory_detach_mapping(struct memory *memory, struct mapping *mapping)
{
    lock_acquire(&memory->object.lock);
    list_remove(&mapping->object_link);
    memory->mapping_count--;
    lock_release(&memory->object.lock);
}

/* Which part of the object is to vanish from page tables, and from which mappings. */
struct sweep {
    uint64_t first, end; /* bytes; page aligned */
    bool only_revoked;   /* those whose derivation is dead */
};

static void sweep_mapping(const struct mapping *mapping, const struct sweep *sweep)
{
    uint64_t size = mapping->end - mapping->start;
    uint64_t first = mapping->memory_offset, end = first + size;
    bool spared =
        sweep->only_revoked && (mapping->derivation == NULL || !mapping->derivation->dead);
    if (spared || sweep->end <= first || sweep->first >= end)
        return;
    uint64_t from = sweep->first > first ? sweep->first - first : 0;
    uint64_t to = sweep->end < end ? sweep->end - first : size;
    arch_table_unmap(&mapping->space->table, mapping->start + from, mapping->start + to);
}

static void sweep_space(struct memory *memory, const struct space *space, const struct sweep *sweep)
{
    list_for_each_safe (&memory->mappings, node) {
        struct mapping *mapping = container_of(node, struct mapping, object_link);
        if (mapping->space != space || mapping->sweep == memory->sweep)
            continue;
        sweep_mapping(mapping, sweep);
        mapping->sweep = memory->sweep;
        list_remove(node);
        list_push_back(&memory->mappings, node);
    }
}

/* The space of a mapping that this sweep has not dealt with, or NULL. Object lock held. */
static struct space *sweep_next_space(const struct memory *memory)
{
    struct list_node *node = list_first(&memory->mappings);
    if (node == NULL)
        return NULL;
    struct mapping *mapping = container_of(node, struct mapping, object_link);
    return mapping->sweep == memory->sweep ? NULL : mapping->space;
}

static void memory_sweep(struct memory *memory, const struct sweep *sweep)
{
    lock_acquire(&memory->object.lock);
    memory->sweep++;
    for (struct space *space; (space = sweep_next_space(memory)) != NULL;) {
        lock_release(&memory->object.lock);
        lock_acquire(&space->lock);
        lock_acquire(&memory->object.lock);
        sweep_space(memory, space, sweep);
        lock_release(&memory->object.lock);
        lock_release(&space->lock);
        lock_acquire(&memory->object.lock);
    }
    lock_release(&memory->object.lock);
}

void memory_unmap_revoked(struct memory *memory)
{
    const struct sweep sweep = {.first = 0, .end = UINT64_MAX, .only_revoked = true};
    memory_sweep(memory, &sweep);
}

/* Take [first, end) bytes, page aligned, out of the object, then of page tables, then free them. */
static void memory_drop_pages(struct memory *memory, uint64_t first, uint64_t end)
{
    const struct sweep sweep = {.first = first, .end = end};
    struct list taken;
    list_init(&taken);
    lock_acquire(&memory->object.lock);
    memory->resident_pages -=
        page_tree_take(&memory->pages, first >> PAGE_SHIFT, end >> PAGE_SHIFT, &taken);
    lock_release(&memory->object.lock);
    memory_sweep(memory, &sweep);
    for (struct list_node *node; (node = list_pop_front(&taken)) != NULL;)
        page_release(container_of(node, struct page, link));
}

/* Zero the rest of the page in which the object ends, so that it reads as zero when it grows. */
static void memory_zero_tail(struct memory *memory, uint64_t size)
{
    struct page *page = page_tree_find(&memory->pages, size >> PAGE_SHIFT, NULL);
    if (size % PAGE_SIZE != 0 && page != NULL)
        memset((char *)page_address(page) + size % PAGE_SIZE, 0, PAGE_SIZE - size % PAGE_SIZE);
}

enum status memory_resize(struct memory *memory, uint64_t size)
{
    if (size > MEMORY_SIZE_MAX)
        return STATUS_OUT_OF_RANGE;
    if ((memory->flags & MEMORY_FIXED_SIZE) != 0)
        return STATUS_BAD_STATE;
    lock_acquire(&memory->object.lock);
    uint64_t old = memory->size;
    memory->size = size;
    memory_zero_tail(memory, size < old ? size : old);
    lock_release(&memory->object.lock);
    if (size < old)
        memory_drop_pages(memory, (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), MEMORY_SIZE_MAX);
    return STATUS_OK;
}

enum status memory_discard(struct memory *memory, uint64_t offset, uint64_t length)
{
    if (offset > memory->size || length > memory->size - offset)
        return STATUS_OUT_OF_RANGE;
    if (memory->kind != MEMORY_ANONYMOUS)
        return STATUS_UNSUPPORTED;
    uint64_t first = (offset + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    uint64_t end = (offset + length) & ~(PAGE_SIZE - 1);
    if (first < end)
        memory_drop_pages(memory, first, end);
    return STATUS_OK;
}
