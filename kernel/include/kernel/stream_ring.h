/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The bytes of a stream: a ring of pages that are there only while needed.
 *
 * Positions count bytes since the ring was last empty. Whoever uses a ring keeps
 * its callers apart; only the copies may run beside the rest: out of what is
 * there, into what was reserved.
 */
#pragma once

#include <kernel/page.h>
#include <kernel/status.h>
#include <stdbool.h>
#include <stdint.h>

struct ring {
    struct account *account; /* charged; the array's allocation holds the reference */
    uint64_t page_count;     /* constant */
    struct page **pages;     /* page number n is at n % page_count, or NULL */
    uint64_t start, end;     /* positions of what is there to be read */
    uint64_t first_absent;   /* pages from that of `start` up to this number are there */
    bool reserved;           /* somebody will put something */
};

enum status ring_init(struct ring *ring, struct account *account, uint64_t page_count) must_check;
void ring_free(struct ring *ring);

/* Have the pages for so many bytes after the end, at most the room there is. Then, as
 * much or less, or none, is put: it can be read from now on. */
enum status ring_reserve(struct ring *ring, uint64_t length) must_check;
void ring_put(struct ring *ring, uint64_t length);
/* Bytes before `start` are done with; their pages are given back. */
void ring_take(struct ring *ring, uint64_t start);

/* From or to user memory. BAD_ADDRESS, NO_MEMORY, RESTART. */
enum ring_direction { RING_IN, RING_OUT };
enum status ring_copy(const struct ring *ring, enum ring_direction direction, uint64_t position,
                      uint64_t user, uint64_t length) must_check;
/* Where a byte is; those after it in the same page follow it. */
void *ring_byte(const struct ring *ring, uint64_t position);

static inline bool ring_is_empty(const struct ring *ring)
{
    return ring->start == ring->end;
}

static inline uint64_t ring_capacity(const struct ring *ring)
{
    return ring->page_count * PAGE_SIZE;
}

static inline uint64_t ring_room(const struct ring *ring)
{
    return ring_capacity(ring) - (ring->end - ring->start);
}
