/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Rings of pages.
 *
 * Page numbers n and n + page_count share a place. When a full ring does not
 * start at a page boundary its first and last bytes are in one page, which stays
 * when the reader leaves it. An empty ring begins again at position 0 and keeps
 * one page, so that small messages going to and fro allocate nothing.
 */
#include <kernel/stream_ring.h>

#include <kernel/copy.h>
#include <kernel/slab.h>

static struct page **place_of(const struct ring *ring, uint64_t number)
{
    return &ring->pages[number % ring->page_count];
}

static void release_place(struct page **place)
{
    if (*place != NULL)
        page_release(*place);
    *place = NULL;
}

enum status ring_init(struct ring *ring, struct account *account, uint64_t page_count)
{
    void *pages = memory_allocate(account, page_count * sizeof(struct page *));
    *ring = (struct ring){.account = account, .page_count = page_count, .pages = pages};
    return pages != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

void ring_free(struct ring *ring)
{
    for (uint64_t n = ring->start / PAGE_SIZE; n < ring->first_absent; n++)
        release_place(place_of(ring, n));
    memory_free(ring->account, ring->pages, ring->page_count * sizeof(struct page *));
}

/* If nothing is there, and nothing to come, keep the first page there is for position 0. */
static void begin_again(struct ring *ring)
{
    struct page *kept = NULL;
    if (!ring_is_empty(ring) || ring->reserved)
        return;
    for (uint64_t n = ring->start / PAGE_SIZE; n < ring->first_absent; n++) {
        struct page **place = place_of(ring, n);
        if (kept == NULL) {
            kept = *place;
            *place = NULL;
        }
        release_place(place);
    }
    ring->pages[0] = kept;
    ring->first_absent = kept != NULL;
    ring->start = ring->end = 0;
}

enum status ring_reserve(struct ring *ring, uint64_t length)
{
    uint64_t limit = (ring->end + length + PAGE_SIZE - 1) / PAGE_SIZE;
    enum status status = STATUS_OK;
    ring->reserved = true;
    while (ring->first_absent < limit && status == STATUS_OK) {
        struct page *page, **place = place_of(ring, ring->first_absent);
        if (*place == NULL) {
            status = page_allocate(ring->account, 0, PAGE_NODE_ANY, &page);
            *place = status == STATUS_OK ? page : NULL;
        }
        ring->first_absent += status == STATUS_OK;
    }
    if (status != STATUS_OK)
        ring_put(ring, 0);
    return status;
}

void ring_put(struct ring *ring, uint64_t length)
{
    ring->reserved = false;
    ring->end += length;
    begin_again(ring);
}

void ring_take(struct ring *ring, uint64_t start)
{
    for (uint64_t n = ring->start / PAGE_SIZE; n < start / PAGE_SIZE; n++) {
        if (ring->first_absent <= n + ring->page_count)
            release_place(place_of(ring, n));
    }
    ring->start = start;
    begin_again(ring);
}

void *ring_byte(const struct ring *ring, uint64_t position)
{
    return (char *)page_address(*place_of(ring, position / PAGE_SIZE)) + position % PAGE_SIZE;
}

enum status ring_copy(const struct ring *ring, enum ring_direction direction, uint64_t position,
                      uint64_t user, uint64_t length)
{
    enum status status = STATUS_OK;
    for (uint64_t done = 0, run; done < length && status == STATUS_OK; done += run) {
        void *bytes = ring_byte(ring, position + done);
        uint64_t in_page = PAGE_SIZE - (position + done) % PAGE_SIZE;
        run = length - done < in_page ? length - done : in_page;
        status = direction == RING_IN ? copy_in(bytes, user + done, run)
                                      : copy_out(user + done, bytes, run);
    }
    return status;
}
