/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The producer writes the bytes, then publishes them by storing `sent` with
 * release order; the consumer reads `sent` with acquire order before the bytes.
 * The same holds the other way round for `taken` and the room it gives. Each
 * counter has one writer, which therefore reads its own without order. A counter
 * of the other side may change under our eyes: what is checked is what is used.
 */
#include <ring/ring.h>

#include <base/text.h>

static uint32_t own(const _Atomic uint32_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static uint32_t others(const _Atomic uint32_t *counter)
{
    return atomic_load_explicit(counter, memory_order_acquire);
}

static void publish(_Atomic uint32_t *counter, uint32_t value)
{
    atomic_store_explicit(counter, value, memory_order_release);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Bytes of ours that the other side has not taken: above the capacity if it lies. */
static uint32_t untaken(const struct ring *ring)
{
    return own(&ring->mine->sent) - others(&ring->theirs->taken);
}

/* Bytes of theirs that we have not taken. */
static uint32_t unread(const struct ring *ring)
{
    return others(&ring->theirs->sent) - own(&ring->mine->taken);
}

void ring_init(struct ring *ring, void *mine, const void *theirs, uint32_t capacity)
{
    *ring = (struct ring){.mine = mine, .theirs = theirs, .capacity = capacity};
}

uint32_t ring_room(const struct ring *ring)
{
    uint32_t in_use = untaken(ring);
    return in_use > ring->capacity || ring_is_broken(ring) ? 0 : ring->capacity - in_use;
}

uint32_t ring_send(struct ring *ring, const void *bytes, uint32_t size)
{
    uint8_t *data = (uint8_t *)ring->mine + RING_HEADER;
    uint32_t sent = own(&ring->mine->sent), place = sent & (ring->capacity - 1);
    uint32_t count = smaller(size, ring_room(ring));
    uint32_t first = smaller(count, ring->capacity - place);
    memcpy(data + place, bytes, first);
    memcpy(data, (const uint8_t *)bytes + first, count - first);
    publish(&ring->mine->sent, sent + count);
    return count;
}

uint32_t ring_waiting(const struct ring *ring)
{
    uint32_t count = unread(ring);
    return count > ring->capacity || ring_is_broken(ring) ? 0 : count;
}

uint32_t ring_peek(const struct ring *ring, void *bytes, uint32_t size)
{
    const uint8_t *data = (const uint8_t *)ring->theirs + RING_HEADER;
    uint32_t place = own(&ring->mine->taken) & (ring->capacity - 1);
    uint32_t count = smaller(size, ring_waiting(ring));
    uint32_t first = smaller(count, ring->capacity - place);
    memcpy(bytes, data + place, first);
    memcpy((uint8_t *)bytes + first, data, count - first);
    return count;
}

void ring_take(struct ring *ring, uint32_t size)
{
    publish(&ring->mine->taken, own(&ring->mine->taken) + size);
}

bool ring_is_drained(const struct ring *ring)
{
    return untaken(ring) == 0;
}

bool ring_is_idle(const struct ring *ring)
{
    return ring_is_drained(ring) && others(&ring->theirs->idle) != 0;
}

void ring_set_idle(struct ring *ring, bool idle)
{
    publish(&ring->mine->idle, idle);
}

bool ring_is_broken(const struct ring *ring)
{
    return untaken(ring) > ring->capacity || unread(ring) > ring->capacity;
}
