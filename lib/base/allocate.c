/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A server's own heap: regions are anonymous memory, each twice as large as
 * the one before up to REGION_MAXIMUM, so that there are few of them.
 */
#include <base/heap.h>

#include <base/service.h>
#include <trellis/native.h>

#define REGION_MAXIMUM ((size_t)1024 * 1024)

static void *extend(struct heap *heap, size_t *size);

static struct heap heap = {.extend = extend};
static size_t next_region = USER_PAGE_SIZE;

static void *extend(struct heap *unused, size_t *size)
{
    size_t length = *size > next_region ? *size : next_region;
    length = (length + USER_PAGE_SIZE - 1) & ~(size_t)(USER_PAGE_SIZE - 1);
    int64_t address = native_map(service_self(), HANDLE_NONE, 0, 0, length, MAP_READ | MAP_WRITE);
    if (address < 0)
        return NULL;
    next_region = length < REGION_MAXIMUM / 2 ? 2 * length : REGION_MAXIMUM;
    *size = length;
    return (void *)address;
}

void *allocate(size_t size)
{
    return heap_allocate(&heap, size);
}

void *allocate_zeroed(size_t count, size_t size)
{
    return heap_allocate_zeroed(&heap, count, size);
}

void *reallocate(void *piece, size_t size)
{
    return heap_resize(&heap, piece, size);
}

void release(void *piece)
{
    heap_release(&heap, piece);
}
