/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Memory objects.
 *
 * Mappings hold no reference on the pages they show: a page leaves an object
 * only after it has been taken out of every page table (sweep.c).
 */
#include <kernel/memory.h>

#include <arch/page_table.h>
#include <kernel/account.h>
#include <kernel/log.h>
#include <kernel/mapping.h>
#include <kernel/relaxed.h>
#include <kernel/string.h>

#define DESTROY_STEP_PAGES 256

static enum status memory_make(struct account *account, enum memory_kind kind, uint64_t size,
                               uint32_t flags, struct memory **result)
{
    if (size > MEMORY_SIZE_MAX)
        return STATUS_OUT_OF_RANGE;
    struct memory *memory = object_create(OBJECT_MEMORY, account);
    if (memory == NULL)
        return STATUS_NO_MEMORY;
    memory->kind = kind;
    memory->flags = flags;
    memory->size = size;
    page_tree_init(&memory->pages, account);
    list_init(&memory->mappings);
    list_init(&memory->taken);
    list_init(&memory->waiters);
    *result = memory;
    return STATUS_OK;
}

enum status memory_create(struct account *account, uint64_t size, uint32_t flags,
                          struct memory **result)
{
    return memory_make(account, MEMORY_ANONYMOUS, size, flags, result);
}

enum status memory_create_physical(struct account *account, uint64_t physical, uint64_t size,
                                   bool device, struct memory **result)
{
    enum status status = memory_make(account, MEMORY_PHYSICAL, size, MEMORY_FIXED_SIZE, result);
    if (status != STATUS_OK)
        return status;
    (*result)->physical = physical;
    (*result)->device = device;
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
        object_free(object);
    else
        rcu_defer(&object->deferred, memory_destroy_more);
}

/* Pages. */

static enum status make_page(struct memory *memory, uint64_t index, struct page **result)
{
    enum status status = page_allocate_zeroed(memory->pages.account, result);
    if (status != STATUS_OK)
        return status;
    status = page_tree_set(&memory->pages, index, *result, NULL);
    if (status != STATUS_OK)
        page_release(*result);
    else
        memory->resident_pages++;
    return status;
}

/* What was being cleaned is writable again without asking: there is room for it already. */
static enum status find_page(struct memory *memory, uint64_t offset, enum memory_need need,
                             struct page **result)
{
    bool paged = memory_is_paged(memory);
    offset &= ~(PAGE_SIZE - 1);
    struct page *page = *result = page_tree_find(&memory->pages, offset >> PAGE_SHIFT, NULL);
    if (page == NULL && need == MEMORY_PEEK)
        return STATUS_NOT_FOUND;
    if (page == NULL)
        return paged ? pager_request(memory, offset, PAGER_SUPPLY)
                     : make_page(memory, offset >> PAGE_SHIFT, result);
    if (!paged || need != MEMORY_WRITE || page->paging == PAGE_WRITABLE)
        return STATUS_OK;
    if (page->paging == PAGE_CLEAN)
        return pager_request(memory, offset, PAGER_WRITE);
    page->paging = PAGE_WRITABLE;
    return STATUS_OK;
}

__attribute__((always_inline)) enum status memory_locate_locked(struct memory *memory,
                                                                uint64_t offset,
                                                                enum memory_need need,
                                                                uint64_t *physical, bool *writable)
{
    debug_assert(lock_is_held(&memory->object.lock));
    struct page *page = NULL;
    *writable = true;
    if (offset >= memory->size)
        return STATUS_OUT_OF_RANGE;
    if (memory->kind == MEMORY_PHYSICAL) {
        *physical = memory->physical + (offset & ~(PAGE_SIZE - 1));
        return STATUS_OK;
    }
    enum status status = find_page(memory, offset, need, &page);
    if (status != STATUS_OK)
        return status;
    *physical = page_physical(page);
    *writable = !memory_is_paged(memory) || page->paging == PAGE_WRITABLE;
    return STATUS_OK;
}

enum status memory_get_page(struct memory *memory, uint64_t offset, enum memory_need need,
                            struct page **result)
{
    *result = NULL;
    if (memory->device)
        return STATUS_UNSUPPORTED;
    uint64_t physical;
    bool writable;
    lock_acquire(&memory->object.lock);
    enum status status = memory_locate_locked(memory, offset, need, &physical, &writable);
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

enum status memory_store(struct memory *memory, uint64_t offset, const void *from, size_t length)
{
    for (size_t done = 0, piece; done < length; done += piece) {
        struct page *page;
        enum status status = memory_get_page(memory, offset + done, MEMORY_WRITE, &page);
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

/* Zero the rest of the page in which the object ends, so that it reads as zero when it grows. */
static void memory_zero_tail(struct memory *memory, uint64_t size)
{
    struct page *page = page_tree_find(&memory->pages, size >> PAGE_SHIFT, NULL);
    if (size % PAGE_SIZE != 0 && page != NULL)
        memset((char *)page_address(page) + size % PAGE_SIZE, 0, PAGE_SIZE - size % PAGE_SIZE);
}

static bool has_pages_beyond_end(const struct memory *memory)
{
    uint64_t end = (memory->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    return page_tree_next(&memory->pages, end, PAGE_TREE_INDEX_MAX) != PAGE_TREE_INDEX_MAX;
}

/* It shrinks at once, and grows when nothing is left of what was cut off before. */
enum status memory_resize(struct memory *memory, uint64_t size)
{
    if (size > MEMORY_SIZE_MAX)
        return STATUS_OUT_OF_RANGE;
    if ((memory->flags & MEMORY_FIXED_SIZE) != 0)
        return STATUS_BAD_STATE;
    lock_acquire(&memory->object.lock);
    bool grows = size > memory->size;
    bool done = grows && !has_pages_beyond_end(memory) && !memory_is_swept(memory);
    if (size < memory->size || done) {
        memory_zero_tail(memory, size < memory->size ? size : memory->size);
        relaxed_store(&memory->size, size);
        pager_retry(memory, 0, UINT64_MAX);
    }
    struct range beyond = {memory->size >> PAGE_SHIFT, PAGE_TREE_INDEX_MAX};
    beyond.start += memory->size % PAGE_SIZE != 0;
    lock_release(&memory->object.lock);
    if (done || !memory_sweep_step(memory, &beyond, true))
        return done ? STATUS_OK : STATUS_RESTART;
    return grows ? STATUS_RESTART : STATUS_OK;
}

enum status memory_discard(struct memory *memory, uint64_t offset, uint64_t length,
                           struct call_step *step)
{
    uint64_t size = relaxed_load(&memory->size);
    if (offset > size || length > size - offset)
        return STATUS_OUT_OF_RANGE;
    if (memory->kind != MEMORY_ANONYMOUS || memory_is_paged(memory))
        return STATUS_UNSUPPORTED;
    uint64_t first = (offset + PAGE_SIZE - 1) >> PAGE_SHIFT;
    struct range pages = {first > step->at ? first : step->at, (offset + length) >> PAGE_SHIFT};
    bool done = memory_sweep_step(memory, &pages, true);
    step->at = pages.start;
    return done ? STATUS_OK : STATUS_RESTART;
}
