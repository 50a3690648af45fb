/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Sessions: badged ways in to an endpoint. What their end means is in endpoint.c. */
#include <kernel/ipc.h>

#include <kernel/call_arguments.h>
#include <kernel/handle.h>
#include <kernel/process.h>

int64_t call_session_create(struct thread *self, const struct session_create_arguments *arguments)
{
    struct endpoint *endpoint = arguments->endpoint;
    struct session *session = object_create(OBJECT_SESSION, endpoint->object.account);
    if (session == NULL)
        return status_to_result(STATUS_NO_MEMORY);
    object_acquire(&endpoint->object);
    session->endpoint = endpoint;
    session->badge = arguments->badge;
    list_node_init(&session->closed_link);
    return handle_of_created(&self->process->handles, &session->object, RIGHT_ALL);
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
    object_release(&container_of(object, struct session, object)->endpoint->object);
    object_free(object);
}
