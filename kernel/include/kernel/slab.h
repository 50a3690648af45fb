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

#include <kernel/list.h>
#include <kernel/lock.h>
#include <kernel/status.h>

struct account;

struct slab_cache {
    const char *name;
    size_t size;          /* of one object, rounded up */
    struct spinlock lock; /* LOCK_SLAB */
    struct list partial;  /* lock */
    uint64_t used, pages; /* lock */
};

#define SLAB_CACHE(cache_name, type)                                                               \
    ((struct slab_cache){                                                                          \
        .name = (cache_name), .size = sizeof(type), .lock = SPINLOCK_INITIAL(LOCK_SLAB)})

/* Zeroed memory for one object, or NULL. */
void *slab_allocate(struct slab_cache *cache, struct account *account) must_check;
/* `account`: as at the allocation. */
void slab_free(struct slab_cache *cache, struct account *account, void *object);

/* Arrays of any size, zeroed, or NULL. */
void *memory_allocate(struct account *account, size_t size) must_check;
void memory_free(struct account *account, void *pointer, size_t size);
