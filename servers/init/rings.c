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
    handle_t account = init.handles->account;
    enum status status = STATUS_OK;
    if (side->memory == HANDLE_NONE)
        status = init_keep(
            &side->memory,
            native_memory_create(account, ring_side_size((uint32_t)capacity), MEMORY_FIXED_SIZE));
    if (status == STATUS_OK && side->event == HANDLE_NONE)
        status = init_keep(&side->event, native_event_create(account, 0, 0));
    return status;
}

static struct connection *find_connection(const char *name)
{
    for (unsigned i = 0; i < connection_count; i++) {
        if (strcmp(connections[i].name, name) == 0)
            return &connections[i];
    }
    struct connection *made = &connections[connection_count++];
    text_copy(made->name, sizeof(made->name), name);
    return made;
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
    struct connection *connection = find_connection(ring->name);
    enum status status = make_side(&connection->sides[0], ring->size);
    if (status == STATUS_OK)
        status = make_side(&connection->sides[1], ring->size);
    if (status != STATUS_OK)
        return status;
    const struct service *first = connection->sides[0].owner;
    unsigned own = first == NULL || first == service ? 0 : 1;
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
