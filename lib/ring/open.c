/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What a ring needs of the kernel: mapping its sides and raising events. Apart
 * from ring.c, which is memory and arithmetic only.
 */
#include <ring/ring.h>

#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

static handle_t part(const char *name, const char *suffix)
{
    char whole[START_NAME];
    text_format(whole, sizeof(whole), "%s.%s", name, suffix);
    return service_need_handle(whole);
}

static void *map_side(handle_t memory, uint64_t size, uint32_t flags)
{
    int64_t address = native_map(service_self(), memory, 0, 0, size, flags);
    if (address < 0)
        service_fail_status(status_of_result(address), "a ring cannot be mapped: status %d",
                            (int)-address);
    return (void *)address;
}

static uint32_t capacity_of(handle_t memory)
{
    struct memory_information information;
    if (native_memory_inspect(memory, &information) < 0 || information.size <= RING_HEADER ||
        information.size - RING_HEADER > UINT32_MAX / 2)
        service_fail("a ring's memory has no usable size");
    uint32_t capacity = (uint32_t)(information.size - RING_HEADER);
    if ((capacity & (capacity - 1)) != 0)
        service_fail("a ring's capacity is no power of two");
    return capacity;
}

void ring_open(struct ring *ring, const char *name)
{
    handle_t mine = part(name, "mine"), theirs = part(name, "theirs");
    uint32_t capacity = capacity_of(mine);
    if (capacity_of(theirs) != capacity)
        service_fail("the two sides of a ring differ in size");
    uint64_t size = ring_side_size(capacity);
    ring_init(ring, map_side(mine, size, MAP_READ | MAP_WRITE), map_side(theirs, size, MAP_READ),
              capacity);
    ring->event = part(name, "event");
    ring->peer = part(name, "peer");
    ring_notify(ring, RING_DATA | RING_ROOM);
}

void ring_notify(const struct ring *ring, uint32_t bits)
{
    (void)native_event_signal(ring->peer, 0, bits);
}

void ring_clear(const struct ring *ring, uint32_t bits)
{
    (void)native_event_signal(ring->event, bits, 0);
}
