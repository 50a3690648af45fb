/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Object caches: equal-sized kernel objects from whole pages.
 *
 * Each object is charged to an account by its share of a page
 * (account_charge_bytes); the pages themselves belong to the kernel. A charged
 * object holds a reference on its account.
 */
#pragma once

#include <stddef.h>

#include <kernel/lock.h>
#include <kernel/page.h>
#include <kernel/status.h>
#include <list/list.h>

struct account;

struct slab_cache {
    const char *name;
    uint32_t size;        /* of one object, rounded up */
    uint32_t capacity;    /* of a slab, in objects */
    uint32_t cost;        /* of one object: its share of a page, header and remainder included */
    struct spinlock lock; /* LOCK_SLAB */
    struct list partial;  /* lock */
    uint64_t used, pages; /* lock */
};

#define SLAB_ALIGNMENT 16
#define SLAB_HEADER 48
#define SLAB_SIZE(bytes) (((bytes) + SLAB_ALIGNMENT - 1) / SLAB_ALIGNMENT * SLAB_ALIGNMENT)
#define SLAB_CAPACITY(bytes) ((PAGE_SIZE - SLAB_HEADER) / SLAB_SIZE(bytes))
#define SLAB_CACHE_OF(cache_name, bytes)                                                           \
    {                                                                                              \
        .name = (cache_name), .size = SLAB_SIZE(bytes), .capacity = SLAB_CAPACITY(bytes),          \
        .cost = PAGE_SIZE / SLAB_CAPACITY(bytes), .lock = SPINLOCK_INITIAL(LOCK_SLAB)              \
    }
#define SLAB_CACHE(cache_name, type) ((struct slab_cache)SLAB_CACHE_OF(cache_name, sizeof(type)))

/* Zeroed memory for one object, or NULL. */
void *slab_allocate(struct slab_cache *cache, struct account *account) must_check;
/* `account`: as at the allocation. */
void slab_free(struct slab_cache *cache, struct account *account, void *object);

/* Arrays of any size, zeroed, or NULL. */
void *memory_allocate(struct account *account, size_t size) must_check;
void memory_free(struct account *account, void *pointer, size_t size);
