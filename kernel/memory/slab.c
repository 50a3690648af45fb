/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Slabs (Bonwick, USENIX 1994), without constructors and colouring.
 *
 * A slab is one page: a header, then objects. Free objects are linked through
 * their first word. Slabs with room are on the cache's list; a full one is on
 * none and is found again from any of its objects' addresses. One empty slab is
 * kept, so that allocating and freeing in turn does not move pages.
 */
#include <kernel/slab.h>

#include <arch/page_table.h>
#include <kernel/account.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <kernel/string.h>

struct slab {
    struct list_node link; /* cache lock; in cache->partial, or on none if full */
    struct page *page;
    void *free;     /* cache lock; first free object, linked through their first words */
    uint32_t used;  /* cache lock */
    uint32_t fresh; /* cache lock; objects never given out yet follow this many */
};

_Static_assert(sizeof(struct slab) <= SLAB_HEADER, "room for what stands in front");

static enum status cache_grow(struct slab_cache *cache)
{
    struct page *page;
    enum status status = page_allocate(NULL, 0, PAGE_NODE_ANY, &page);
    if (status != STATUS_OK)
        return status;
    struct slab *slab = page_address(page);
    *slab = (struct slab){.page = page};
    list_push_front(&cache->partial, &slab->link);
    cache->pages++;
    return STATUS_OK;
}

static void *cache_take(struct slab_cache *cache)
{
    struct slab *slab = container_of(list_first(&cache->partial), struct slab, link);
    void *object = slab->free;
    if (object != NULL)
        slab->free = *(void **)object;
    else
        object = (char *)slab + SLAB_HEADER + (uint64_t)slab->fresh++ * cache->size;
    if (++slab->used == cache->capacity)
        list_remove(&slab->link);
    cache->used++;
    return object;
}

static void *cache_allocate(struct slab_cache *cache)
{
    void *object = NULL;
    bool fails = page_fails_now();
    lock_acquire(&cache->lock);
    if (cache->partial.head.next == NULL)
        list_init(&cache->partial);
    if (!fails && (!list_is_empty(&cache->partial) || cache_grow(cache) == STATUS_OK))
        object = cache_take(cache);
    lock_release(&cache->lock);
    return object;
}

void *slab_allocate(struct slab_cache *cache, struct account *account)
{
    if (account_charge_bytes(account, cache->cost) != STATUS_OK)
        return NULL;
    void *object = cache_allocate(cache);
    if (object == NULL) {
        account_uncharge_bytes(account, cache->cost);
        return NULL;
    }
    if (account != NULL)
        object_acquire(&account->object);
    return memset(object, 0, cache->size);
}

static void cache_put(struct slab_cache *cache, void *object)
{
    struct slab *slab = (struct slab *)((uintptr_t)object & ~(uintptr_t)(PAGE_SIZE - 1));
    *(void **)object = slab->free;
    slab->free = object;
    cache->used--;
    if (slab->used-- == cache->capacity)
        list_push_back(&cache->partial, &slab->link);
    bool only = cache->partial.head.next == cache->partial.head.previous;
    if (slab->used == 0 && !only) {
        list_remove(&slab->link);
        cache->pages--;
        page_release(slab->page);
    }
}

void slab_free(struct slab_cache *cache, struct account *account, void *object)
{
    lock_acquire(&cache->lock);
    cache_put(cache, object);
    lock_release(&cache->lock);
    account_uncharge_bytes(account, cache->cost);
    if (account != NULL)
        object_release(&account->object);
}

/*
 * Arrays: up to half a page from one of six caches, above that whole blocks of
 * pages.
 */
#define ARRAY_CACHE(bytes) SLAB_CACHE_OF("array" #bytes, bytes)

static struct slab_cache array_caches[] = {
    ARRAY_CACHE(32),  ARRAY_CACHE(64),   ARRAY_CACHE(128),  ARRAY_CACHE(256),
    ARRAY_CACHE(512), ARRAY_CACHE(1008), ARRAY_CACHE(2016),
};
#define ARRAY_CACHE_COUNT (sizeof(array_caches) / sizeof(array_caches[0]))

static struct slab_cache *array_cache(size_t size)
{
    for (size_t i = 0; i < ARRAY_CACHE_COUNT; i++) {
        if (size <= array_caches[i].size)
            return &array_caches[i];
    }
    return NULL;
}

void *memory_allocate(struct account *account, size_t size)
{
    struct slab_cache *cache = array_cache(size);
    if (cache != NULL)
        return slab_allocate(cache, account);
    unsigned order = 0;
    while (order <= PAGE_ORDER_MAX && PAGE_SIZE << order < size)
        order++;
    struct page *page;
    if (order > PAGE_ORDER_MAX || page_allocate(account, order, PAGE_NODE_ANY, &page) != STATUS_OK)
        return NULL;
    return memset(page_address(page), 0, PAGE_SIZE << order);
}

void memory_free(struct account *account, void *pointer, size_t size)
{
    struct slab_cache *cache = array_cache(size);
    if (cache != NULL)
        slab_free(cache, account, pointer);
    else
        page_release(page_of_physical(arch_virtual_to_physical(pointer)));
}
