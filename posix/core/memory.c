/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/memory.h>

#include <base/heap.h>
#include <base/text.h>
#include <posix/lock.h>
#include <posix/task.h>
#include <trellis/native.h>

#define EXTENSION 0x20000 /* bytes: the least that is asked of the kernel */

static struct lock lock;
static struct heap heap;

static void *extend(struct heap *grown, size_t *size)
{
    (void)grown;
    *size = (*size + EXTENSION - 1) & ~(size_t)(EXTENSION - 1);
    int64_t address = native_map(library.self, HANDLE_NONE, 0, 0, *size,
                                 MAP_READ | MAP_WRITE | MAP_LIBRARY | MAP_HIDDEN);
    return address < 0 ? NULL : (void *)address;
}

static void begin(void)
{
    lock_acquire(&lock);
    if (heap.extend == NULL)
        heap_init(&heap, extend, NULL);
}

void *memory_allocate(size_t size)
{
    begin();
    void *piece = heap_allocate(&heap, size);
    lock_release(&lock);
    return piece;
}

void *memory_allocate_zeroed(size_t count, size_t size)
{
    begin();
    void *piece = heap_allocate_zeroed(&heap, count, size);
    lock_release(&lock);
    return piece;
}

void *memory_resize(void *piece, size_t size)
{
    begin();
    void *resized = heap_resize(&heap, piece, size);
    lock_release(&lock);
    return resized;
}

char *memory_copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_allocate(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

void memory_release(void *piece)
{
    begin();
    heap_release(&heap, piece);
    lock_release(&lock);
}
