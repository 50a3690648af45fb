/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The plain call and its answer: words in registers only, no deadline, the other
 * side waiting. The CPU goes straight from one thread to the other with the
 * caller's turn, priority and account; no queue is touched and no clock is read.
 *
 * Each function first finds out whether this is such a case, then does it in
 * steps that cannot fail. What it does is what ipc.c does in general.
 */
#include <kernel/ipc.h>

#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler.h>
#include <trellis/message.h>

/* Neither handles nor text, nor bits that mean nothing. */
static bool is_plain(uint64_t information)
{
    return (information & ~(MESSAGE_LONG | UINT32_MAX)) == 0;
}

/* With the endpoint locked: who revokes ends the waits at it after that. */
static bool is_live(const struct derivation *derivation)
{
    return !atomic_load_explicit(&derivation->dead, memory_order_relaxed);
}

/* From the last store, and the release of the endpoint, on others may end the wait and write to
 * its registers: whatever is taken from those or told of the thread is so before. */
static void begin_wait(struct thread *self, struct endpoint *endpoint, enum wait_kind kind)
{
    bool receives = kind == WAIT_RECEIVE;
    relaxed_store(&self->wait.kind, kind);
    self->wait.until = false;
    self->wait.on = &endpoint->object;
    self->wait.cancel = receives ? ipc_cancel_receive : ipc_cancel_call;
    atomic_store_explicit(&self->runnable, false, memory_order_relaxed);
    atomic_store_explicit(&self->wait_state,
                          receives ? WAIT_STATE_INTERRUPTIBLE : WAIT_STATE_WAITING,
                          memory_order_release);
}

static void end_wait(struct thread *thread, int64_t result)
{
    relaxed_store(&thread->wait.kind, WAIT_NONE);
    atomic_store_explicit(&thread->wait_state, WAIT_STATE_NONE, memory_order_relaxed);
    arch_call_set_result(thread, result);
}

/* Off the receivers, claimed; NULL if the general path must look. Endpoint locked. */
static struct thread *claim_receiver(struct endpoint *endpoint)
{
    if (list_is_empty(&endpoint->receivers))
        return NULL;
    struct list_node *first = endpoint->receivers.head.next;
    struct thread *receiver = container_of(first, struct thread, wait.link);
    if (receiver->wait.until || !thread_claim_wait(receiver))
        return NULL;
    list_remove(first);
    return receiver;
}

struct thread *ipc_fast_call(struct thread *self)
{
    const struct derivation *derivation;
    struct object *object = handle_peek(&self->process->handles, arch_call_argument(self, 0),
                                        OBJECT_SESSION, RIGHT_WRITE, &derivation);
    if (object == NULL || !is_plain(arch_message_information(self)))
        return NULL;
    struct session *session = container_of(object, struct session, object);
    struct endpoint *endpoint = session->endpoint;
    lock_acquire(&endpoint->object.lock);
    struct thread *server = is_live(derivation) ? claim_receiver(endpoint) : NULL;
    if (server != NULL) {
        arch_message_copy(self, server);
        arch_message_set_source(server, session->badge, self->identity);
        end_wait(server, RECEIVED_CALL);
        list_push_back(&endpoint->taken, &self->wait.link);
        relaxed_store(&self->server, server);
        relaxed_store(&server->client, self);
        uint8_t lent = relaxed_load(&self->effective), own = relaxed_load(&server->priority);
        relaxed_store(&server->effective, lent > own ? lent : own);
        begin_wait(self, endpoint, WAIT_REPLY);
    }
    lock_release(&endpoint->object.lock);
    return server;
}

/* Whether the server has nothing to do but to answer and to wait here again. */
static bool is_quiet(const struct endpoint *endpoint)
{
    return list_is_empty(&endpoint->callers) && list_is_empty(&endpoint->observations.fired) &&
           list_is_empty(&endpoint->closed);
}

struct thread *ipc_fast_reply_and_wait(struct thread *self)
{
    struct thread *client = relaxed_load(&self->client);
    const struct derivation *derivation;
    struct object *object = handle_peek(&self->process->handles, arch_call_argument(self, 0),
                                        OBJECT_ENDPOINT, RIGHT_READ, &derivation);
    struct endpoint *endpoint = container_of(object, struct endpoint, object);
    if (object == NULL || client == NULL || endpoint != self->serves ||
        !is_plain(arch_message_information(self)) || relaxed_load(&self->frame->interrupted) != 0 ||
        client->wait.until)
        return NULL;
    lock_acquire(&endpoint->object.lock);
    bool claimed = is_live(derivation) && is_quiet(endpoint) && self->client == client &&
                   thread_claim_wait(client);
    if (!claimed) {
        lock_release(&endpoint->object.lock);
        return NULL;
    }
    arch_message_copy(self, client);
    end_wait(client, 0);
    list_remove(&client->wait.link);
    relaxed_store(&client->server, NULL);
    relaxed_store(&self->client, NULL);
    relaxed_store(&self->effective, relaxed_load(&self->priority));
    list_push_front(&endpoint->receivers, &self->wait.link);
    begin_wait(self, endpoint, WAIT_RECEIVE);
    lock_release(&endpoint->object.lock);
    return client;
}
