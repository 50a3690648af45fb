/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Messages between threads.
 *
 * A call is in one of three places: queued at the endpoint (WAIT_CALL), with a
 * server thread (WAIT_REPLY, client->server and server->client point at each
 * other), or with a reply object (WAIT_REPLY, client->reply and reply->client).
 * It ends by the answer, the caller's deadline or death, the death of who was to
 * answer, or revocation.
 *
 * Whoever changes the place of a call does it under the endpoint's lock. Whoever
 * writes to another thread's registers, frame or handles has claimed its wait
 * before (thread.h), or was handed it with the call. A delivery that fails gives
 * the claim back, so that the other side does not notice.
 *
 * A thread serves one call at a time: what it was asked and has not answered it
 * must turn into a reply object before it can receive again.
 */
#include <kernel/ipc.h>

#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/handle.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler.h>
#include <kernel/time.h>

static uint64_t deadline_of(const struct thread *thread)
{
    return *(volatile uint64_t *)&thread->frame->deadline;
}

/* What a call names first, from then on in `memory`. RESTART: it has become valid only now. */
static enum status resolve_first(struct thread *self, enum object_type type, uint32_t rights,
                                 struct handle_memory *memory)
{
    handle_t token = arch_call_argument(self, 0);
    struct handle_view view;
    if (handle_recall(&self->process->handles, token, type, rights, memory) != NULL &&
        !atomic_load_explicit(&memory->derivation->dead, memory_order_relaxed))
        return STATUS_OK;
    enum status status = handle_resolve(&self->process->handles, token, type, rights, &view);
    return status != STATUS_OK ? status : STATUS_RESTART;
}

/*
 * Who revokes marks the handle dead and then ends the waits that it finds. A wait that was
 * not there yet ends itself (tests/model/revocation.pml).
 */
static void end_if_revoked(struct thread *self, const struct handle_memory *used)
{
    if (atomic_load(&used->derivation->dead))
        (void)thread_cancel_wait(self, STATUS_REVOKED);
}

/* Calling. */

/* The call is with this server, unless that is ending: ipc_abandon looks with the same lock,
 * which is held here. */
static bool bind_client(struct endpoint *endpoint, struct thread *server, struct thread *client)
{
    if (thread_needs(server, ATTENTION_ENDING))
        return false;
    relaxed_store(&client->wait.kind, WAIT_REPLY);
    relaxed_store(&client->server, server);
    relaxed_store(&server->client, client);
    return true;
}

/* A queued or taken call ends early: whoever has it loses it. */
void ipc_cancel_call(struct thread *client)
{
    struct endpoint *endpoint = container_of(client->wait.on, struct endpoint, object);
    lock_acquire(&endpoint->object.lock);
    struct session *session = client->wait.kind == WAIT_CALL ? client->wait.call.session : NULL;
    struct thread *server = client->server;
    struct reply *reply = client->reply;
    list_remove(&client->wait.link);
    relaxed_store(&client->server, NULL);
    client->reply = NULL;
    if (session != NULL)
        session->queued--;
    if (server != NULL)
        relaxed_store(&server->client, NULL);
    if (reply != NULL)
        reply->client = NULL;
    lock_release(&endpoint->object.lock);
    scheduler_update_donation(server);
    if (reply != NULL)
        object_release(&client->object);
    if (session != NULL) {
        scheduler_lend_priority(endpoint);
        object_release(&session->object);
    }
}

/* Nobody receives. Endpoint locked. */
static enum status queue_call(struct thread *self, struct endpoint *endpoint, uint64_t deadline)
{
    relaxed_store(&self->wait.kind, WAIT_CALL);
    enum status status = thread_begin_wait(self, deadline);
    if (status != STATUS_OK)
        return status;
    object_acquire(&self->wait.call.session->object);
    endpoint_queue_caller(endpoint, self);
    return STATUS_BLOCKED;
}

/* Nothing came of a claim: the receiver waits on, as the next to be served. Callers that found
 * nobody meanwhile it finds by receiving anew. */
static void return_receiver(struct endpoint *endpoint, struct thread *receiver)
{
    lock_acquire(&endpoint->object.lock);
    bool waits = endpoint_is_quiet(endpoint);
    if (waits)
        endpoint_add_receiver(endpoint, receiver);
    lock_release(&endpoint->object.lock);
    if (waits)
        thread_unclaim_wait(receiver);
    else
        thread_finish_wait(receiver, status_to_result(STATUS_RESTART));
}

/* A receiver has been claimed: give it the message. BLOCKED: it is to be handed the CPU too. */
static enum status call_receiver(struct thread *self, struct thread *receiver, uint64_t deadline)
{
    struct session *session = self->wait.call.session;
    struct endpoint *endpoint = session->endpoint;
    enum status status = message_deliver(self, receiver);
    if (status != STATUS_OK) {
        return_receiver(endpoint, receiver);
        return status;
    }
    arch_message_set_source(receiver, session->badge, self->identity);
    if (self->wait.call.is_send) {
        thread_finish_wait(receiver, RECEIVED_SEND);
        return STATUS_OK;
    }
    lock_acquire(&endpoint->object.lock);
    bool bound = bind_client(endpoint, receiver, self);
    if (bound)
        thread_start_wait(self, deadline);
    lock_release(&endpoint->object.lock);
    thread_settle_wait(receiver, RECEIVED_CALL);
    if (!bound)
        return STATUS_SERVER_DIED;
    scheduler_update_donation(receiver);
    return STATUS_BLOCKED;
}

/* From the hand-over on the caller may run elsewhere. */
static enum status begin_call(struct thread *self, uint64_t deadline, bool is_send)
{
    enum status status = resolve_first(self, OBJECT_SESSION, RIGHT_WRITE, &self->called);
    if (status != STATUS_OK)
        return status;
    if (!message_is_valid(arch_message_information(self)))
        return STATUS_INVALID;
    if (deadline != DEADLINE_NEVER && deadline <= time_now())
        return STATUS_TIMED_OUT;
    struct session *session = container_of(self->called.object, struct session, object);
    struct endpoint *endpoint = session->endpoint;
    relaxed_store(&self->wait.on, &endpoint->object);
    self->wait.cancel = ipc_cancel_call;
    self->wait.call.session = session;
    self->wait.call.is_send = is_send;
    struct thread *receiver = NULL;
    status = STATUS_CLOSED;
    lock_acquire(&endpoint->object.lock);
    if (endpoint->holders != 0) {
        receiver = endpoint_claim_receiver(endpoint);
        status = receiver == NULL ? queue_call(self, endpoint, deadline) : STATUS_OK;
    }
    lock_release(&endpoint->object.lock);
    if (receiver != NULL)
        status = call_receiver(self, receiver, deadline);
    else if (status == STATUS_BLOCKED)
        scheduler_lend_priority(endpoint);
    end_if_revoked(self, &self->called);
    if (receiver != NULL && status == STATUS_BLOCKED)
        scheduler_hand_over(receiver);
    return status;
}

/* What was begun is paid for, whatever comes of it. Once it is, the thread may run elsewhere. */
static int64_t pay_and_call(struct thread *self, uint64_t deadline, bool is_send)
{
    if (self->messages == 0)
        account_pay_messages(self->process->account, &self->messages);
    if (self->messages == 0)
        return status_to_result(STATUS_LIMIT);
    self->messages--;
    enum status status = begin_call(self, deadline, is_send);
    if (status != STATUS_OK && status != STATUS_BLOCKED)
        self->messages++;
    return status_to_result(status);
}

int64_t call_ipc_call(struct thread *self)
{
    return pay_and_call(self, DEADLINE_NEVER, false);
}

int64_t call_ipc_call_until(struct thread *self)
{
    return pay_and_call(self, deadline_of(self), false);
}

int64_t call_ipc_send(struct thread *self)
{
    return pay_and_call(self, DEADLINE_NEVER, true);
}

/* Receiving. */

/* Where a thread received last: callers queued there lend it their priority. */
static void serve(struct thread *thread, struct endpoint *endpoint)
{
    struct endpoint *before = thread->serves;
    if (before == endpoint)
        return;
    if (before != NULL) {
        lock_acquire(&before->object.lock);
        list_remove(&thread->serves_link);
        lock_release(&before->object.lock);
    }
    release_store(&thread->serves, endpoint);
    if (endpoint != NULL) {
        object_acquire(&endpoint->object);
        lock_acquire(&endpoint->object.lock);
        list_push_back(&endpoint->servers, &thread->serves_link);
        lock_release(&endpoint->object.lock);
    }
    if (before != NULL)
        object_release(&before->object);
}

void ipc_cancel_receive(struct thread *thread)
{
    struct endpoint *endpoint = container_of(thread->wait.on, struct endpoint, object);
    lock_acquire(&endpoint->object.lock);
    endpoint_remove_receiver(endpoint, thread);
    lock_release(&endpoint->object.lock);
}

/* Endpoint locked. */
static enum status wait_for_message(struct thread *self, struct endpoint *endpoint,
                                    uint64_t deadline)
{
    relaxed_store(&self->wait.kind, WAIT_RECEIVE);
    relaxed_store(&self->wait.on, &endpoint->object);
    self->wait.cancel = ipc_cancel_receive;
    enum status status = thread_begin_wait(self, deadline);
    if (status != STATUS_OK)
        return status;
    endpoint_add_receiver(endpoint, self);
    return STATUS_BLOCKED;
}

/* A call that could not be delivered goes back to its caller with why. */
static void refuse_call(struct thread *self, struct endpoint *endpoint, struct thread *client,
                        enum status why)
{
    lock_acquire(&endpoint->object.lock);
    relaxed_store(&client->server, NULL);
    relaxed_store(&self->client, NULL);
    lock_release(&endpoint->object.lock);
    thread_finish_wait(client, status_to_result(why));
}

/* Take over a message that was queued and whose sender has been claimed; false if it could not
 * be delivered. */
static bool accept_message(struct thread *self, struct endpoint *endpoint,
                           const struct arrival *arrival)
{
    enum status status = message_deliver(arrival->from, self);
    if (status == STATUS_OK)
        arch_message_set_source(self, arrival->session->badge, arrival->from->identity);
    if (arrival->kind == RECEIVED_SEND)
        thread_finish_wait(arrival->from, status_to_result(status));
    else if (status != STATUS_OK)
        refuse_call(self, endpoint, arrival->from, status);
    else
        thread_unclaim_wait(arrival->from);
    object_release(&arrival->session->object);
    return status == STATUS_OK;
}

/* The next thing, or wait for it; true if something was taken. */
static bool take_or_wait(struct thread *self, struct endpoint *endpoint, uint64_t deadline,
                         struct arrival *arrival, enum status *status)
{
    lock_acquire(&endpoint->object.lock);
    bool taken = !endpoint_is_quiet(endpoint) && endpoint_take(endpoint, arrival);
    if (taken && arrival->kind == RECEIVED_CALL) {
        relaxed_store(&arrival->from->wait.kind, WAIT_REPLY);
        relaxed_store(&arrival->from->server, self);
        relaxed_store(&self->client, arrival->from);
    }
    if (!taken && endpoint->holders == 0) /* closed since the caller found it */
        *status = STATUS_CLOSED;
    else if (!taken)
        *status = wait_for_message(self, endpoint, deadline);
    lock_release(&endpoint->object.lock);
    return taken;
}

/* At the endpoint that it found by resolve_first. */
static enum status receive(struct thread *self, uint64_t deadline)
{
    struct endpoint *endpoint = container_of(self->received.object, struct endpoint, object);
    struct arrival arrival;
    enum status status = STATUS_BLOCKED;
    if (self->told != NULL)
        object_release(&self->told->object);
    self->told = NULL;
    serve(self, endpoint);
    while (take_or_wait(self, endpoint, deadline, &arrival, &status)) {
        int64_t result = arrival.kind;
        if (arrival.from == NULL)
            result = arrival_show(&arrival, self);
        else if (!accept_message(self, endpoint, &arrival))
            continue;
        arch_call_set_result(self, result);
        break;
    }
    scheduler_update_donation(self);
    end_if_revoked(self, &self->received);
    return status;
}

static enum status begin_receive(struct thread *self, uint64_t deadline)
{
    enum status status = resolve_first(self, OBJECT_ENDPOINT, RIGHT_READ, &self->received);
    if (status != STATUS_OK)
        return status;
    return relaxed_load(&self->client) != NULL ? STATUS_BAD_STATE : receive(self, deadline);
}

int64_t call_ipc_receive(struct thread *self)
{
    return status_to_result(begin_receive(self, DEADLINE_NEVER));
}

int64_t call_ipc_receive_until(struct thread *self)
{
    return status_to_result(begin_receive(self, deadline_of(self)));
}

/* Answering. */

/*
 * Take a call from who has it, `*place`. It is NULL if the call has ended; if it is just being
 * ended, whoever does that finds it with nobody. RESTART: its thread is being copied.
 */
static enum status claim_client(struct endpoint *endpoint, struct thread **place,
                                struct thread **result)
{
    struct thread *ended = NULL;
    *result = NULL;
    lock_acquire(&endpoint->object.lock);
    struct thread *client = *place;
    bool held = client != NULL && atomic_load(&client->wait_state) == WAIT_STATE_HELD;
    if (client != NULL && !held) {
        relaxed_store(place, NULL);
        ended = client->reply != NULL ? client : NULL;
        relaxed_store(&client->server, NULL);
        client->reply = NULL;
        if (thread_claim_wait(client)) {
            list_remove(&client->wait.link);
            *result = client;
        }
    }
    lock_release(&endpoint->object.lock);
    if (ended != NULL && *result == NULL)
        object_release(&ended->object);
    return held ? STATUS_RESTART : STATUS_OK;
}

static void return_client(struct thread *self, struct endpoint *endpoint, struct thread *client,
                          struct thread **place)
{
    lock_acquire(&endpoint->object.lock);
    relaxed_store(place, client);
    if (place == &self->client) {
        relaxed_store(&client->server, self);
    } else {
        client->reply = container_of(place, struct reply, client);
        list_push_back(&endpoint->held, &client->wait.link);
    }
    lock_release(&endpoint->object.lock);
    thread_unclaim_wait(client);
}

/* Answer the call at `*place`. *answered may run now, or is NULL if nobody waits any more. */
static enum status answer(struct thread *self, struct endpoint *endpoint, struct thread **place,
                          struct thread **answered)
{
    enum status status = claim_client(endpoint, place, answered);
    struct thread *client = *answered;
    if (client == NULL)
        return status;
    status = message_deliver(self, client);
    if (status != STATUS_OK) {
        return_client(self, endpoint, client, place);
        return status;
    }
    thread_settle_wait(client, 0);
    return STATUS_OK;
}

int64_t call_ipc_reply_and_wait(struct thread *self)
{
    struct thread *client = NULL;
    enum status status = resolve_first(self, OBJECT_ENDPOINT, RIGHT_READ, &self->received);
    if (status == STATUS_OK && !message_is_valid(arch_message_information(self)))
        status = STATUS_INVALID;
    if (status == STATUS_OK && relaxed_load(&self->client) != NULL)
        status = answer(self, self->serves, &self->client, &client);
    if (status != STATUS_OK)
        return status_to_result(status);
    if (client == NULL)
        message_discard(self);
    status = receive(self, DEADLINE_NEVER);
    if (client != NULL && status == STATUS_BLOCKED)
        scheduler_hand_over(client);
    else if (client != NULL)
        scheduler_wake(client);
    return status_to_result(status);
}

int64_t call_ipc_reply(struct thread *self)
{
    struct handle_view view;
    struct thread *client;
    enum status status = handle_resolve(&self->process->handles, arch_call_argument(self, 0),
                                        OBJECT_REPLY, RIGHT_WRITE, &view);
    if (status == STATUS_OK && !message_is_valid(arch_message_information(self)))
        status = STATUS_INVALID;
    if (status != STATUS_OK)
        return status_to_result(status);
    struct reply *object = container_of(view.object, struct reply, object);
    status = answer(self, object->endpoint, &object->client, &client);
    if (status != STATUS_OK) {
        if (atomic_load(&object->object.handles) == 0) /* closed meanwhile, without the client */
            reply_unreachable(&object->object);
        return status_to_result(status);
    }
    if (client != NULL) {
        scheduler_wake(client);
        object_release(&client->object);
    } else {
        message_discard(self);
    }
    status = handle_close(&self->process->handles, arch_call_argument(self, 0));
    return status_to_result(client == NULL && status == STATUS_OK ? STATUS_DEAD : status);
}

/* Endings. */

void ipc_abandon(struct thread *thread)
{
    struct thread *client = NULL;
    if (thread->serves != NULL) {
        enum status status = claim_client(thread->serves, &thread->client, &client);
        debug_assert(status == STATUS_OK); /* only what a reply object has is copied */
        (void)status;
    }
    if (client != NULL)
        thread_finish_wait(client, status_to_result(STATUS_SERVER_DIED));
    if (thread->told != NULL)
        endpoint_tell_again(thread->told);
    thread->told = NULL;
    serve(thread, NULL);
}
