/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Heaps: memory in pieces of any size.
 *
 * A heap has no lock: who shares one among threads locks around it. It grows by
 * asking its owner for memory and gives none back. What it hands out is aligned
 * to HEAP_ALIGNMENT and stays where it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_ALIGNMENT 16
#define HEAP_BINS 48

struct heap_block;

struct heap {
    /*
     * Gives memory of at least *size bytes, aligned to HEAP_ALIGNMENT, and sets
     * *size to how much it is; NULL if there is none.
     */
    void *(*extend)(struct heap *heap, size_t *size);
    void *context;                      /* the owner's */
    struct heap_block *bins[HEAP_BINS]; /* free blocks by size */
    uint64_t filled;                    /* bit n: bins[n] is not empty */
    size_t used;                        /* bytes in blocks handed out, their headers included */
};

void heap_init(struct heap *heap, void *(*extend)(struct heap *heap, size_t *size), void *context);

/* NULL if there is no memory. A size of 0 gives a pointer that can be released. */
void *heap_allocate(struct heap *heap, size_t size);
/* `count` elements of `size` bytes, all zero; NULL too if the product overflows. */
void *heap_allocate_zeroed(struct heap *heap, size_t count, size_t size);
/* As realloc: the old piece stays as it is if the result is NULL. */
void *heap_resize(struct heap *heap, void *piece, size_t size);
/* NULL is harmless. */
void heap_release(struct heap *heap, void *piece);

/* A server's own heap, fed by native_map and charged to its account. Same contracts. */
void *allocate(size_t size);
void *allocate_zeroed(size_t count, size_t size);
void *reallocate(void *piece, size_t size);
void release(void *piece);
