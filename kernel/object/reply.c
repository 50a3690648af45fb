/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Replies: the right to answer one call, as an object that can be kept and passed on. */
#include <kernel/ipc.h>

#include <kernel/call_arguments.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler.h>

/* The right to answer a client. One reference for the caller; NULL without memory. */
static struct reply *reply_create(struct account *account, struct endpoint *endpoint,
                                  struct thread *client)
{
    struct reply *reply = object_create(OBJECT_REPLY, account);
    if (reply == NULL)
        return NULL;
    object_acquire(&endpoint->object);
    object_acquire(&client->object);
    reply->endpoint = endpoint;
    reply->client = client;
    return reply;
}

/* The call passes from the thread to the object; false if it has ended meanwhile. */
static bool pass_on(struct thread *self, struct reply *reply)
{
    struct object *endpoint = &reply->endpoint->object;
    lock_acquire(&endpoint->lock);
    struct thread *client = relaxed_load(&self->client);
    if (client != NULL) {
        relaxed_store(&self->client, NULL);
        relaxed_store(&client->server, NULL);
        client->reply = reply;
        list_push_back(&reply->endpoint->held, &client->wait.link);
    }
    lock_release(&endpoint->lock);
    return client != NULL;
}

/* Before the client knows of it, or when it no longer waits. */
static void forget_client(struct reply *reply)
{
    struct thread *client = reply->client;
    reply->client = NULL;
    object_release(&client->object);
}

int64_t call_reply_take(struct thread *self)
{
    struct handle_table *table = &self->process->handles;
    struct thread *client = relaxed_load(&self->client);
    handle_t token;
    if (client == NULL)
        return status_to_result(STATUS_BAD_STATE);
    struct reply *reply = reply_create(self->process->account, self->serves, client);
    if (reply == NULL)
        return status_to_result(STATUS_NO_MEMORY);
    enum status status = handle_create(table, &reply->object, RIGHT_ALL, &token);
    if (status != STATUS_OK || !pass_on(self, reply))
        forget_client(reply);
    object_release(&reply->object);
    scheduler_update_donation(self);
    return status == STATUS_OK ? (int64_t)token : status_to_result(status);
}

struct reply *reply_create_for_clone(struct account *account, struct endpoint *endpoint,
                                     struct thread *client)
{
    struct reply *reply = reply_create(account, endpoint, client);
    if (reply == NULL)
        return NULL;
    client->wait.on = &endpoint->object;
    client->wait.cancel = ipc_cancel_call;
    client->reply = reply;
    lock_acquire(&endpoint->object.lock);
    relaxed_store(&client->wait.kind, WAIT_REPLY);
    list_push_back(&endpoint->held, &client->wait.link);
    atomic_store_explicit(&client->wait_state, WAIT_STATE_WAITING, memory_order_release);
    lock_release(&endpoint->object.lock);
    return reply;
}

/* The right to answer is gone, unused. */
void reply_unreachable(struct object *object)
{
    struct reply *reply = container_of(object, struct reply, object);
    lock_acquire(&reply->endpoint->object.lock);
    struct thread *client = reply->client;
    if (client != NULL && !thread_claim_wait(client))
        client = NULL;
    lock_release(&reply->endpoint->object.lock);
    if (client != NULL)
        thread_abort_wait(client, STATUS_SERVER_DIED);
}

void reply_destroy(struct object *object)
{
    object_release(&container_of(object, struct reply, object)->endpoint->object);
    object_free(object);
}
