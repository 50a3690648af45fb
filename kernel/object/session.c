/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Sessions: badged ways in to an endpoint. What their end means is in endpoint.c. */
#include <kernel/ipc.h>

#include <kernel/call_arguments.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/slab.h>

static struct slab_cache session_cache = SLAB_CACHE("session", struct session);

int64_t call_session_create(struct thread *self, const struct session_create_arguments *arguments)
{
    struct endpoint *endpoint = arguments->endpoint;
    struct account *account = endpoint->object.account;
    void *memory;
    enum status status = slab_allocate(&session_cache, account, &memory);
    if (status != STATUS_OK)
        return status_to_result(status);
    struct session *session = memory;
    object_init(&session->object, OBJECT_SESSION, account);
    object_acquire(&endpoint->object);
    session->endpoint = endpoint;
    session->badge = arguments->badge;
    list_node_init(&session->closed_link);
    return handle_of_created(&self->process->handles, &session->object);
}

int64_t call_session_badge(struct thread *self, const struct session_badge_arguments *arguments)
{
    if (arguments->session->endpoint != arguments->endpoint)
        return status_to_result(STATUS_NOT_FOUND);
    *arguments->badge = arguments->session->badge;
    return 0;
}

void session_destroy(struct object *object)
{
    struct session *session = container_of(object, struct session, object);
    struct endpoint *endpoint = session->endpoint;
    slab_free(&session_cache, object->account, session);
    object_release(&endpoint->object);
}
