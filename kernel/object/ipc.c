/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Messages between threads.
 *
 * A call is in one of three places: queued at the endpoint (WAIT_CALL), with a
 * server thread (WAIT_REPLY, client->server and server->client point at each
 * other), or with a reply object (WAIT_REPLY, client->reply). It ends by the
 * answer, the caller's deadline or death, or the server's death.
 *
 * A message is delivered whole or not at all: handles are resolved and put into
 * the receiver's table before anything else is touched, and taken back if one of
 * them cannot be. Text and words then move from one pinned frame or register
 * area to another, which cannot fail.
 */
#include <kernel/ipc.h>

#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/handle_parcel.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/scheduler.h>
#include <kernel/string.h>
#include <kernel/time.h>

static uint64_t deadline_of(const struct thread *thread, bool until)
{
    return until ? thread->frame->deadline : DEADLINE_NEVER;
}

static bool message_is_valid(uint64_t information)
{
    return message_handle_count(information) <= MESSAGE_HANDLES &&
           message_text_length(information) <= MESSAGE_TEXT_SIZE &&
           information >> (MESSAGE_TEXT_SHIFT + 13) == 0;
}

/* Put the handles of a message into the receiver's table and frame, all or none. */
static enum status transfer_handles(struct thread *from, struct thread *to, unsigned count)
{
    struct message_handle arrived[MESSAGE_HANDLES];
    struct parcel parcel = {0};

    enum status status = parcel_pack(from, count, &parcel);
    if (status != STATUS_OK)
        return status;
    status = parcel_unpack(to, &parcel, arrived);
    if (status == STATUS_OK) {
        parcel_send(from, &parcel);
        memcpy(to->frame->handles, arrived, count * sizeof(arrived[0]));
    }
    parcel_drop(&parcel);
    return status;
}

/* Words, text and handles from one thread to another. */
static enum status deliver(struct thread *from, struct thread *to)
{
    uint64_t information = arch_message_information(from);
    unsigned handles = message_handle_count(information);
    unsigned text = message_text_length(information);

    if (handles > 0) {
        enum status status = transfer_handles(from, to, handles);
        if (status != STATUS_OK)
            return status;
    }
    if (text > 0)
        memcpy(frame_text(to->frame), frame_text(from->frame), text);
    arch_message_copy(from, to);
    return STATUS_OK;
}

/* Calls. */

static void bind_client(struct thread *server, struct thread *client)
{
    client->wait.kind = WAIT_REPLY;
    client->wait.on = NULL;
    client->server = server;
    server->client = client;
    scheduler_update_donation(server);
}

/* The client no longer waits for this server. */
void ipc_release_client(struct thread *server)
{
    server->client->server = NULL;
    server->client = NULL;
    scheduler_update_donation(server);
}

/* A wait for an answer, or for a server, ends early. */
static void cancel_call(struct thread *client)
{
    struct reply *reply = client->reply;

    if (client->server != NULL)
        ipc_release_client(client->server);
    if (reply != NULL) {
        client->reply = NULL;
        reply->client = NULL;
        object_release(&client->object);
    }
    if (client->wait.kind == WAIT_CALL) {
        list_remove(&client->wait.link);
        object_release(&client->wait.call.session->object);
    }
}

static void cancel_receive(struct thread *thread)
{
    list_remove(&thread->wait.link);
}

static void enqueue_caller(struct endpoint *endpoint, struct thread *client)
{
    list_for_each (&endpoint->callers, node) {
        struct thread *other = container_of(node, struct thread, wait.link);
        if (other->effective < client->effective) {
            list_insert_between(&client->wait.link, node->previous, node);
            return;
        }
    }
    list_push_back(&endpoint->callers, &client->wait.link);
}

static struct thread *first_receiver(struct endpoint *endpoint)
{
    struct list_node *node;

    while ((node = list_pop_front(&endpoint->receivers)) != NULL) {
        struct thread *receiver = container_of(node, struct thread, wait.link);
        if (thread_claim_wait(receiver))
            return receiver;
    }
    return NULL;
}

/* The receiver was claimed but gets nothing: back to the head of the queue. */
static void return_receiver(struct endpoint *endpoint, struct thread *receiver)
{
    thread_unclaim_wait(receiver);
    list_push_front(&endpoint->receivers, &receiver->wait.link);
}

/* The highest priority of those who wait to be received. */
uint8_t ipc_lent_priority(const struct thread *server)
{
    uint8_t lent = server->client != NULL ? server->client->effective : 0;
    struct endpoint *endpoint = server->serves;

    if (endpoint != NULL && endpoint->server == server && !list_is_empty(&endpoint->callers)) {
        struct thread *first =
            container_of(list_first(&endpoint->callers), struct thread, wait.link);
        lent = first->effective > lent ? first->effective : lent;
    }
    return lent;
}

static void set_source(struct thread *to, const struct thread *from, const struct session *session)
{
    arch_message_set_source(to, session->badge, from->identity);
}

void ipc_wait_for_reply(struct thread *thread)
{
    thread->wait.kind = WAIT_REPLY;
    thread->wait.cancel = cancel_call;
    atomic_store(&thread->wait_state, WAIT_STATE_WAITING);
}

/* Nobody receives: wait in the endpoint's queue. A revoked or closed way in ends the wait. */
static enum status queue_call(struct thread *self, struct endpoint *endpoint, uint64_t deadline)
{
    self->wait.kind = WAIT_CALL;
    self->wait.on = &endpoint->object;
    self->wait.cancel = cancel_call;
    enum status status = thread_begin_wait(self, deadline);
    if (status != STATUS_OK)
        return status;
    object_acquire(&self->wait.call.session->object);
    enqueue_caller(endpoint, self);
    if (endpoint->server != NULL)
        scheduler_update_donation(endpoint->server);
    return STATUS_BLOCKED;
}

/* A receiver waits: hand it the message and, for a call, the CPU. */
static enum status deliver_call(struct thread *self, struct thread *receiver, uint64_t deadline)
{
    struct session *session = self->wait.call.session;
    struct endpoint *endpoint = session->endpoint;

    enum status status = deliver(self, receiver);
    if (status != STATUS_OK) {
        lock_acquire(&endpoint->object.lock);
        return_receiver(endpoint, receiver);
        lock_release(&endpoint->object.lock);
        return status;
    }
    set_source(receiver, self, session);
    if (self->wait.call.is_send) {
        thread_finish_wait(receiver, RECEIVED_SEND);
        return STATUS_OK;
    }
    self->wait.kind = WAIT_REPLY;
    self->wait.on = NULL;
    self->wait.cancel = cancel_call;
    status = thread_begin_wait(self, deadline);
    debug_assert(status == STATUS_OK);
    thread_finish_wait(receiver, RECEIVED_CALL);
    bind_client(receiver, self);
    return STATUS_BLOCKED;
}

static enum status begin_call(struct thread *self, struct session *session, uint64_t deadline,
                              bool is_send)
{
    struct endpoint *endpoint = session->endpoint;
    struct handle_view view;

    if (!message_is_valid(arch_message_information(self)))
        return STATUS_INVALID;
    if (deadline != DEADLINE_NEVER && deadline <= time_now())
        return STATUS_TIMED_OUT;
    enum status status = handle_resolve(&self->process->handles, arch_call_argument(self, 0),
                                        OBJECT_SESSION, RIGHT_WRITE, &view);
    if (status != STATUS_OK)
        return status;
    if (atomic_load(&endpoint->object.handles) == 0)
        return STATUS_CLOSED;
    self->wait.call.session = session;
    self->wait.call.derivation = view.derivation;
    self->wait.call.is_send = is_send;
    lock_acquire(&endpoint->object.lock);
    struct thread *receiver = first_receiver(endpoint);
    status = receiver == NULL ? queue_call(self, endpoint, deadline) : STATUS_OK;
    lock_release(&endpoint->object.lock);
    return receiver == NULL ? status : deliver_call(self, receiver, deadline);
}

enum status ipc_call(struct thread *self, struct session *session, bool until)
{
    return begin_call(self, session, deadline_of(self, until), false);
}

enum status ipc_send(struct thread *self, struct session *session)
{
    return begin_call(self, session, DEADLINE_NEVER, true);
}

/* Receiving. */

/* Whoever received last at an endpoint is who its queued callers lend their priority to. */
static void serve(struct thread *thread, struct endpoint *endpoint)
{
    struct endpoint *before = thread->serves;

    if (before == endpoint)
        return;
    if (before != NULL && before->server == thread)
        before->server = NULL;
    if (endpoint != NULL)
        object_acquire(&endpoint->object);
    thread->serves = endpoint;
    if (before != NULL)
        object_release(&before->object);
}

static struct thread *next_caller(struct endpoint *endpoint)
{
    struct list_node *node = list_pop_front(&endpoint->callers);
    return node == NULL ? NULL : container_of(node, struct thread, wait.link);
}

/* Take the first queued call whose message can be delivered. False if there is none. */
static bool receive_call(struct thread *self, struct endpoint *endpoint, int64_t *received)
{
    struct thread *client;

    for (;;) {
        lock_acquire(&endpoint->object.lock);
        client = next_caller(endpoint);
        lock_release(&endpoint->object.lock);
        if (client == NULL)
            return false;
        struct session *session = client->wait.call.session;
        enum status status = deliver(client, self);
        if (status == STATUS_OK)
            set_source(self, client, session);
        bool is_send = client->wait.call.is_send;
        bool ends = status != STATUS_OK || is_send;
        if (ends && thread_claim_wait(client))
            thread_finish_wait(client, status_to_result(status));
        object_release(&session->object);
        if (status != STATUS_OK)
            continue;
        if (!is_send)
            bind_client(self, client);
        *received = is_send ? RECEIVED_SEND : RECEIVED_CALL;
        return true;
    }
}

static bool receive_event(struct thread *self, struct endpoint *endpoint, int64_t *received)
{
    struct observation observation;

    lock_acquire(&endpoint->object.lock);
    bool found = observation_queue_take(&endpoint->observations, &observation);
    lock_release(&endpoint->object.lock);
    if (!found)
        return false;
    arch_message_set_information(self, 0);
    arch_message_set_source(self, observation.key, 0);
    arch_message_set_word(self, 0, observation.signals);
    *received = RECEIVED_EVENT;
    return true;
}

static bool receive_closed(struct thread *self, struct endpoint *endpoint, int64_t *received)
{
    lock_acquire(&endpoint->object.lock);
    struct list_node *node = list_pop_front(&endpoint->closed);
    lock_release(&endpoint->object.lock);
    if (node == NULL)
        return false;
    struct session *session = container_of(node, struct session, closed_link);
    arch_message_set_information(self, 0);
    arch_message_set_source(self, session->badge, 0);
    object_release(&session->object);
    *received = RECEIVED_CLOSED;
    return true;
}

/* Events and calls take turns at being first, so that neither starves the other. */
static bool receive_now(struct thread *self, struct endpoint *endpoint, int64_t *received)
{
    endpoint->events_first = !endpoint->events_first;
    serve(self, endpoint);
    endpoint->server = self;
    if (endpoint->events_first && receive_event(self, endpoint, received))
        return true;
    return receive_call(self, endpoint, received) || receive_event(self, endpoint, received) ||
           receive_closed(self, endpoint, received);
}

static enum status receive(struct thread *self, struct endpoint *endpoint, uint64_t deadline)
{
    int64_t received;

    if (receive_now(self, endpoint, &received)) {
        arch_call_set_result(self, received);
        return STATUS_BLOCKED; /* the result is set */
    }
    self->wait.kind = WAIT_RECEIVE;
    self->wait.on = &endpoint->object;
    self->wait.cancel = cancel_receive;
    enum status status = thread_begin_wait(self, deadline);
    if (status != STATUS_OK)
        return status;
    lock_acquire(&endpoint->object.lock);
    list_push_back(&endpoint->receivers, &self->wait.link);
    lock_release(&endpoint->object.lock);
    return STATUS_BLOCKED;
}

enum status ipc_receive(struct thread *self, struct endpoint *endpoint, bool until)
{
    if (self->client != NULL)
        return STATUS_BAD_STATE;
    return receive(self, endpoint, deadline_of(self, until));
}

/* An event, a call from a thread that was queued meanwhile, or a closed notice arrived: who waits takes it. */
static void wake_receiver(struct endpoint *endpoint)
{
    struct thread *receiver = first_receiver(endpoint);

    if (receiver != NULL)
        thread_finish_wait(receiver, status_to_result(STATUS_RESTART));
}

void endpoint_observation_arrived(struct object *object)
{
    wake_receiver(container_of(object, struct endpoint, object));
}

/* Answering. */

static enum status answer(struct thread *self, struct thread *client)
{
    enum status status = deliver(self, client);
    if (status != STATUS_OK)
        return status;
    if (thread_claim_wait(client))
        thread_finish_wait(client, 0);
    return STATUS_OK;
}

enum status ipc_reply_and_wait(struct thread *self, struct endpoint *endpoint)
{
    struct thread *client = self->client;

    if (!message_is_valid(arch_message_information(self)))
        return STATUS_INVALID;
    if (client != NULL) {
        enum status status = answer(self, client);
        if (status != STATUS_OK)
            return status;
        ipc_release_client(self);
    }
    return receive(self, endpoint, DEADLINE_NEVER);
}

enum status ipc_reply(struct thread *self, handle_t token)
{
    struct handle_view view;

    if (!message_is_valid(arch_message_information(self)))
        return STATUS_INVALID;
    enum status status =
        handle_resolve(&self->process->handles, token, OBJECT_REPLY, RIGHT_WRITE, &view);
    if (status != STATUS_OK)
        return status;
    struct reply *reply = container_of(view.object, struct reply, object);
    struct thread *client = reply->client;
    if (client != NULL) {
        status = answer(self, client);
        if (status != STATUS_OK)
            return status;
        client->reply = NULL;
        reply->client = NULL;
        object_release(&client->object);
    }
    status = handle_close(&self->process->handles, token);
    return client == NULL && status == STATUS_OK ? STATUS_DEAD : status;
}

void ipc_abandon(struct thread *thread)
{
    struct thread *client = thread->client;

    if (client != NULL) {
        ipc_release_client(thread);
        if (thread_claim_wait(client))
            thread_finish_wait(client, status_to_result(STATUS_SERVER_DIED));
    }
    serve(thread, NULL);
}

/* End the waits of queued callers that `ends` picks. */
static void end_queued(struct endpoint *endpoint, bool (*ends)(const struct thread *),
                       enum status why)
{
    list_for_each_safe (&endpoint->callers, node) {
        struct thread *client = container_of(node, struct thread, wait.link);
        if (ends(client))
            (void)thread_cancel_wait(client, why);
    }
}

static bool way_is_revoked(const struct thread *client)
{
    return atomic_load(&client->wait.call.derivation->dead);
}

static bool always(const struct thread *client)
{
    (void)client;
    return true;
}

void ipc_cancel_revoked(struct session *session)
{
    end_queued(session->endpoint, way_is_revoked, STATUS_REVOKED);
}

void ipc_close_endpoint(struct endpoint *endpoint)
{
    end_queued(endpoint, always, STATUS_CLOSED);
}

void ipc_session_closed(struct session *session)
{
    struct endpoint *endpoint = session->endpoint;

    lock_acquire(&endpoint->object.lock);
    bool heard = atomic_load(&endpoint->object.handles) > 0;
    if (heard) {
        object_acquire(&session->object);
        list_push_back(&endpoint->closed, &session->closed_link);
        wake_receiver(endpoint);
    }
    lock_release(&endpoint->object.lock);
}
