/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Rings of the manifest: two memory objects and two events each, made when the
 * first of the two services is started. The service that comes first has side
 * 0. Nothing of a ring is ever made anew: it outlives both services.
 */
#include "init.h"

#include <base/text.h>
#include <ring/ring.h>
#include <trellis/native.h>

#define RINGS_MAX (MANIFEST_SERVICES * MANIFEST_RINGS / 2)

struct side {
    handle_t memory, event;
    const struct service *owner;
};

struct connection {
    char name[START_NAME];
    struct side sides[2];
};

static struct connection connections[RINGS_MAX];
static unsigned connection_count;

static enum status make_side(struct side *side, uint64_t capacity)
{
    int64_t memory = native_memory_create(init.handles->account, ring_side_size((uint32_t)capacity),
                                          MEMORY_FIXED_SIZE);
    int64_t event = native_event_create(init.handles->account, 0, 0);
    side->memory = (handle_t)memory;
    side->event = (handle_t)event;
    return memory < 0 ? status_of_result(memory) : status_of_result(event);
}

static enum status find_connection(const struct manifest_ring *ring, struct connection **result)
{
    for (unsigned i = 0; i < connection_count; i++) {
        *result = &connections[i];
        if (strcmp(connections[i].name, ring->name) == 0)
            return STATUS_OK;
    }
    struct connection *made = &connections[connection_count];
    enum status status = make_side(&made->sides[0], ring->size);
    if (status == STATUS_OK)
        status = make_side(&made->sides[1], ring->size);
    if (status != STATUS_OK)
        return status;
    text_copy(made->name, sizeof(made->name), ring->name);
    connection_count++;
    *result = made;
    return STATUS_OK;
}

static enum status give_part(struct service *service, const char *ring, const char *part,
                             handle_t handle, uint32_t rights)
{
    char name[START_NAME];
    text_format(name, sizeof(name), "%s.%s", ring, part);
    return service_give(service, name, handle, rights | RIGHT_INSPECT);
}

enum status rings_give(struct service *service, const struct manifest_ring *ring)
{
    struct connection *connection;
    enum status status = find_connection(ring, &connection);
    if (status != STATUS_OK)
        return status;
    unsigned own = connection->sides[0].owner == NULL ? 0 : 1;
    struct side *mine = &connection->sides[own], *theirs = &connection->sides[1 - own];
    mine->owner = service;
    status = give_part(service, ring->name, "mine", mine->memory, RIGHT_READ | RIGHT_WRITE);
    if (status == STATUS_OK)
        status = give_part(service, ring->name, "theirs", theirs->memory, RIGHT_READ);
    if (status == STATUS_OK)
        status = give_part(service, ring->name, "event", mine->event, RIGHT_WAIT | RIGHT_SIGNAL);
    if (status == STATUS_OK)
        status = give_part(service, ring->name, "peer", theirs->event, RIGHT_SIGNAL);
    return status;
}
