/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Endpoints, sessions and replies as objects: making and ending them. */
#include <kernel/ipc.h>

#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/slab.h>

static struct slab_cache endpoint_cache = SLAB_CACHE("endpoint", struct endpoint);
static struct slab_cache session_cache = SLAB_CACHE("session", struct session);
static struct slab_cache reply_cache = SLAB_CACHE("reply", struct reply);

/* A handle for the caller takes the place of the maker's reference. */
static int64_t give(struct thread *self, struct object *object, uint32_t rights)
{
    handle_t token;

    enum status status = handle_insert(&self->process->handles, object, NULL, rights, 0, &token);
    object_release(object);
    return status == STATUS_OK ? (int64_t)token : status_to_result(status);
}

int64_t call_endpoint_create(struct thread *self, const struct endpoint_create_arguments *arguments)
{
    void *memory;

    enum status status = slab_allocate(&endpoint_cache, arguments->account, &memory);
    if (status != STATUS_OK)
        return status_to_result(status);
    struct endpoint *endpoint = memory;
    object_init(&endpoint->object, OBJECT_ENDPOINT, arguments->account);
    list_init(&endpoint->receivers);
    list_init(&endpoint->callers);
    list_init(&endpoint->closed);
    observation_queue_init(&endpoint->observations, &endpoint->object, &endpoint->object.lock,
                           endpoint_observation_arrived);
    return give(self, &endpoint->object, RIGHT_ALL);
}

void endpoint_unreachable(struct object *object)
{
    struct endpoint *endpoint = container_of(object, struct endpoint, object);
    struct list_node *node;

    ipc_close_endpoint(endpoint);
    observation_queue_clear(&endpoint->observations);
    while ((node = list_pop_front(&endpoint->closed)) != NULL)
        object_release(&container_of(node, struct session, closed_link)->object);
}

void endpoint_destroy(struct object *object)
{
    struct endpoint *endpoint = container_of(object, struct endpoint, object);

    observation_queue_clear(&endpoint->observations);
    slab_free(&endpoint_cache, object->account, endpoint);
}

int64_t call_session_create(struct thread *self, const struct session_create_arguments *arguments)
{
    struct endpoint *endpoint = arguments->endpoint;
    void *memory;

    enum status status = slab_allocate(&session_cache, endpoint->object.account, &memory);
    if (status != STATUS_OK)
        return status_to_result(status);
    struct session *session = memory;
    object_init(&session->object, OBJECT_SESSION, endpoint->object.account);
    object_acquire(&endpoint->object);
    session->endpoint = endpoint;
    session->badge = arguments->badge;
    list_node_init(&session->closed_link);
    return give(self, &session->object, RIGHT_ALL & ~(uint32_t)RIGHT_MANAGE);
}

int64_t call_session_badge(struct thread *self, const struct session_badge_arguments *arguments)
{
    (void)self;
    if (arguments->session->endpoint != arguments->endpoint)
        return status_to_result(STATUS_NOT_FOUND);
    *arguments->badge = arguments->session->badge;
    return 0;
}

void session_unreachable(struct object *object)
{
    ipc_session_closed(container_of(object, struct session, object));
}

void session_destroy(struct object *object)
{
    struct session *session = container_of(object, struct session, object);
    struct endpoint *endpoint = session->endpoint;

    slab_free(&session_cache, object->account, session);
    object_release(&endpoint->object);
}

enum status reply_create(struct account *account, struct thread *client, struct reply **result)
{
    void *memory;

    enum status status = slab_allocate(&reply_cache, account, &memory);
    if (status != STATUS_OK)
        return status;
    struct reply *reply = memory;
    object_init(&reply->object, OBJECT_REPLY, account);
    object_acquire(&client->object);
    reply->client = client;
    client->reply = reply;
    *result = reply;
    return STATUS_OK;
}

int64_t call_reply_take(struct thread *self)
{
    struct thread *client = self->client;
    struct reply *reply;
    handle_t token;

    if (client == NULL)
        return status_to_result(STATUS_BAD_STATE);
    enum status status = reply_create(self->process->account, client, &reply);
    if (status != STATUS_OK)
        return status_to_result(status);
    status = handle_insert(&self->process->handles, &reply->object, NULL, RIGHT_ALL, 0, &token);
    if (status != STATUS_OK) {
        reply_forget(reply);
        object_release(&reply->object);
        return status_to_result(status);
    }
    object_release(&reply->object);
    ipc_release_client(self);
    return (int64_t)token;
}

void reply_forget(struct reply *reply)
{
    struct thread *client = reply->client;

    if (client == NULL)
        return;
    reply->client = NULL;
    client->reply = NULL;
    object_release(&client->object);
}

/* The right to answer is gone, unused. */
void reply_unreachable(struct object *object)
{
    struct reply *reply = container_of(object, struct reply, object);

    if (reply->client != NULL)
        (void)thread_cancel_wait(reply->client, STATUS_SERVER_DIED);
}

void reply_destroy(struct object *object)
{
    slab_free(&reply_cache, object->account, container_of(object, struct reply, object));
}

/* The raw calls: handles are decoded here, words stay in the registers. */

static enum status resolve_session(struct thread *self, struct session **session)
{
    struct handle_view view;

    enum status status = handle_resolve(&self->process->handles, arch_call_argument(self, 0),
                                        OBJECT_SESSION, RIGHT_WRITE, &view);
    if (status == STATUS_OK)
        *session = container_of(view.object, struct session, object);
    return status;
}

static enum status resolve_endpoint(struct thread *self, struct endpoint **endpoint)
{
    struct handle_view view;

    enum status status = handle_resolve(&self->process->handles, arch_call_argument(self, 0),
                                        OBJECT_ENDPOINT, RIGHT_READ, &view);
    if (status == STATUS_OK)
        *endpoint = container_of(view.object, struct endpoint, object);
    return status;
}

int64_t call_ipc_call(struct thread *self)
{
    struct session *session;
    enum status status = resolve_session(self, &session);
    return status_to_result(status == STATUS_OK ? ipc_call(self, session, false) : status);
}

int64_t call_ipc_call_until(struct thread *self)
{
    struct session *session;
    enum status status = resolve_session(self, &session);
    return status_to_result(status == STATUS_OK ? ipc_call(self, session, true) : status);
}

int64_t call_ipc_send(struct thread *self)
{
    struct session *session;
    enum status status = resolve_session(self, &session);
    return status_to_result(status == STATUS_OK ? ipc_send(self, session) : status);
}

int64_t call_ipc_receive(struct thread *self)
{
    struct endpoint *endpoint;
    enum status status = resolve_endpoint(self, &endpoint);
    return status_to_result(status == STATUS_OK ? ipc_receive(self, endpoint, false) : status);
}

int64_t call_ipc_receive_until(struct thread *self)
{
    struct endpoint *endpoint;
    enum status status = resolve_endpoint(self, &endpoint);
    return status_to_result(status == STATUS_OK ? ipc_receive(self, endpoint, true) : status);
}

int64_t call_ipc_reply_and_wait(struct thread *self)
{
    struct endpoint *endpoint;
    enum status status = resolve_endpoint(self, &endpoint);
    return status_to_result(status == STATUS_OK ? ipc_reply_and_wait(self, endpoint) : status);
}

int64_t call_ipc_reply(struct thread *self)
{
    return status_to_result(ipc_reply(self, arch_call_argument(self, 0)));
}
