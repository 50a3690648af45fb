/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A heap of blocks with boundary tags (Knuth, The Art of Computer Programming
 * 1, section 2.5) in segregated free lists.
 *
 * Memory comes in regions. A region is a row of blocks, each with its own size
 * and that of the block before it, ended by a block of size zero that is never
 * free, so that the neighbours of a block that is released are found, and merged
 * with it, without a search. Bin n holds the free blocks of 2^n to 2^(n+1) - 1
 * units; a request takes the first that fits in its own bin, else the first of
 * the next filled bin, where each fits.
 */
#include <base/heap.h>

#include <base/text.h>

#define UNIT HEAP_ALIGNMENT
#define BLOCK_FREE ((size_t)1)
#define REGION_MINIMUM ((size_t)64 * 1024)
#define SIZE_LIMIT (SIZE_MAX / 4)

struct heap_block {
    size_t size;     /* with this header; bit 0: free */
    size_t previous; /* size of the block before it, 0 for the first of a region */
    struct heap_block *next_free, *previous_free; /* only while free */
};

#define HEADER offsetof(struct heap_block, next_free)
_Static_assert(HEADER == UNIT, "what is handed out is aligned as blocks are");
#define BLOCK_MINIMUM sizeof(struct heap_block)

static size_t size_of(const struct heap_block *block)
{
    return block->size & ~BLOCK_FREE;
}

static bool is_free(const struct heap_block *block)
{
    return (block->size & BLOCK_FREE) != 0;
}

static struct heap_block *block_at(void *base, size_t offset)
{
    return (struct heap_block *)((char *)base + offset);
}

static struct heap_block *block_after(struct heap_block *block)
{
    return block_at(block, size_of(block));
}

static struct heap_block *block_before(struct heap_block *block)
{
    return (struct heap_block *)((char *)block - block->previous);
}

static void *piece_of(struct heap_block *block)
{
    return (char *)block + HEADER;
}

static struct heap_block *block_of(void *piece)
{
    return (struct heap_block *)((char *)piece - HEADER);
}

static unsigned bin_of(size_t size)
{
    unsigned bin = 63 - (unsigned)__builtin_clzll(size / UNIT);
    return bin < HEAP_BINS ? bin : HEAP_BINS - 1;
}

static void set_size(struct heap_block *block, size_t size, size_t flag)
{
    block->size = size | flag;
    block_after(block)->previous = size;
}

static void insert_free(struct heap *heap, struct heap_block *block, size_t size)
{
    unsigned bin = bin_of(size);
    set_size(block, size, BLOCK_FREE);
    block->previous_free = NULL;
    block->next_free = heap->bins[bin];
    if (block->next_free != NULL)
        block->next_free->previous_free = block;
    heap->bins[bin] = block;
    heap->filled |= UINT64_C(1) << bin;
}

static void remove_free(struct heap *heap, struct heap_block *block)
{
    unsigned bin = bin_of(size_of(block));
    if (block->next_free != NULL)
        block->next_free->previous_free = block->previous_free;
    if (block->previous_free != NULL)
        block->previous_free->next_free = block->next_free;
    else
        heap->bins[bin] = block->next_free;
    if (heap->bins[bin] == NULL)
        heap->filled &= ~(UINT64_C(1) << bin);
}

static struct heap_block *find_free(const struct heap *heap, size_t size)
{
    unsigned bin = bin_of(size);
    struct heap_block *block = heap->bins[bin];
    while (block != NULL && size_of(block) < size)
        block = block->next_free;
    uint64_t larger = heap->filled & ~((UINT64_C(2) << bin) - 1);
    if (block == NULL && larger != 0)
        block = heap->bins[__builtin_ctzll(larger)];
    return block;
}

/* Use the first `size` bytes of a block that is in no bin; what is left over becomes free. */
static void occupy(struct heap *heap, struct heap_block *block, size_t whole, size_t size)
{
    if (whole - size < BLOCK_MINIMUM) {
        set_size(block, whole, 0);
        return;
    }
    set_size(block, size, 0);
    insert_free(heap, block_after(block), whole - size);
}

static bool grow(struct heap *heap, size_t size)
{
    size_t length = size + HEADER;
    if (length < REGION_MINIMUM)
        length = REGION_MINIMUM;
    struct heap_block *block = heap->extend(heap, &length);
    if (block == NULL)
        return false;
    size_t usable = (length & ~(size_t)(UNIT - 1)) - HEADER;
    block->previous = 0;
    block_at(block, usable)->size = 0;
    insert_free(heap, block, usable);
    return true;
}

static size_t block_size_for(size_t size)
{
    size_t whole = (size + HEADER + UNIT - 1) & ~(size_t)(UNIT - 1);
    return whole < BLOCK_MINIMUM ? BLOCK_MINIMUM : whole;
}

void heap_init(struct heap *heap, void *(*extend)(struct heap *heap, size_t *size), void *context)
{
    *heap = (struct heap){.extend = extend, .context = context};
}

void *heap_allocate(struct heap *heap, size_t size)
{
    if (size > SIZE_LIMIT)
        return NULL;
    size_t needed = block_size_for(size);
    struct heap_block *block = find_free(heap, needed);
    if (block == NULL && grow(heap, needed))
        block = find_free(heap, needed);
    if (block == NULL)
        return NULL;
    remove_free(heap, block);
    occupy(heap, block, size_of(block), needed);
    heap->used += size_of(block);
    return piece_of(block);
}

void *heap_allocate_zeroed(struct heap *heap, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_LIMIT / size)
        return NULL;
    void *piece = heap_allocate(heap, count * size);
    if (piece != NULL)
        memset(piece, 0, count * size);
    return piece;
}

void heap_release(struct heap *heap, void *piece)
{
    if (piece == NULL)
        return;
    struct heap_block *block = block_of(piece);
    size_t size = size_of(block);
    heap->used -= size;
    struct heap_block *after = block_after(block);
    if (is_free(after)) {
        remove_free(heap, after);
        size += size_of(after);
    }
    if (block->previous != 0 && is_free(block_before(block))) {
        block = block_before(block);
        remove_free(heap, block);
        size += size_of(block);
    }
    insert_free(heap, block, size);
}

/* Make a block in use `size` bytes long where it is, out of its free neighbour if need be. */
static bool resize_in_place(struct heap *heap, struct heap_block *block, size_t size)
{
    struct heap_block *after = block_after(block);
    size_t old = size_of(block);
    size_t whole = old + (is_free(after) ? size_of(after) : 0);
    if (whole < size)
        return false;
    if (is_free(after))
        remove_free(heap, after);
    occupy(heap, block, whole, size);
    heap->used += size_of(block) - old;
    return true;
}

void *heap_resize(struct heap *heap, void *piece, size_t size)
{
    if (piece == NULL)
        return heap_allocate(heap, size);
    if (size > SIZE_LIMIT)
        return NULL;
    struct heap_block *block = block_of(piece);
    if (resize_in_place(heap, block, block_size_for(size)))
        return piece;
    void *moved = heap_allocate(heap, size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, piece, size_of(block) - HEADER);
    heap_release(heap, piece);
    return moved;
}
