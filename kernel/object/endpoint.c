/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Endpoints: where threads wait for calls, and calls for threads.
 *
 * Three kinds of things can be received: notices that a session has closed, queued
 * messages, and events. Notices come first, so that whoever closes a session finds it
 * closed by all that he calls after that; they starve nothing, for each takes a session
 * that a server made. Of the others the kind that was given out last is looked for last
 * the next time. A session's notice comes after all its queued messages. Who ends before
 * he has received again may not have acted on the one he was given: it comes back, before
 * anything else.
 *
 * Callers are taken by their priority, those of one priority in rounds: in each there is
 * one of every account that has some, in the order they came. So a crowd keeps others
 * waiting for one of its calls, not for all.
 *
 * An endpoint is dead when no handle is left that could receive at it. What
 * waits at it then ends with CLOSED; calls already taken are still answered.
 */
#include <kernel/ipc.h>

#include <kernel/call_arguments.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler_queue.h>

#define HOLDER_RIGHTS (RIGHT_READ | RIGHT_MANAGE)

/* Where a caller stands: by its priority, then by its round; before these by its budget's deadline. */
#define PLACE_OF_PRIORITY(priority) ((uint64_t)(PRIORITY_COUNT - (priority)) << 56)

static struct endpoint *endpoint_of(struct object *object)
{
    return container_of(object, struct endpoint, object);
}

static struct thread *thread_of(struct list_node *node)
{
    return container_of(node, struct thread, wait.link);
}

/* Queues. */

void endpoint_add_receiver(struct endpoint *endpoint, struct thread *receiver)
{
    if (endpoint->receiver == NULL && !receiver->wait.until)
        relaxed_store(&endpoint->receiver, receiver);
    else
        list_push_front(&endpoint->receivers, &receiver->wait.link);
}

void endpoint_remove_receiver(struct endpoint *endpoint, struct thread *receiver)
{
    if (endpoint->receiver == receiver)
        relaxed_store(&endpoint->receiver, NULL);
    else
        list_remove(&receiver->wait.link);
}

struct thread *endpoint_claim_receiver(struct endpoint *endpoint)
{
    struct thread *first = endpoint->receiver;
    if (first != NULL && thread_claim_wait(first)) {
        relaxed_store(&endpoint->receiver, NULL);
        return first;
    }
    list_for_each (&endpoint->receivers, node) {
        if (thread_claim_wait(thread_of(node))) {
            list_remove(node);
            return thread_of(node);
        }
    }
    return NULL;
}

static uint64_t place_of(const struct list_node *node)
{
    return container_of(node, struct thread, wait.link)->wait.call.place;
}

/* Whoever comes after all those with this place or a better one comes after that node. */
static struct list_node *find_place(struct endpoint *endpoint, uint64_t place)
{
    struct list_node *node = endpoint->callers.head.previous;
    while (node != &endpoint->callers.head && place_of(node) > place)
        node = node->previous;
    return node;
}

/* In the round after that of its account's last caller, or in the first that has not passed. */
void endpoint_queue_caller(struct endpoint *endpoint, struct thread *client)
{
    const struct account *account = scheduler_account_of(client);
    const struct budget *budget = relaxed_load(&client->runs_by);
    uint64_t place = PLACE_OF_PRIORITY(relaxed_load(&client->effective)), first = place;
    struct list_node *node = find_place(endpoint, first | PLACE_ROUNDS);
    if (budget != NULL)
        place = relaxed_load(&budget->state.deadline) & PLACE_ROUNDS;
    for (; budget == NULL && node != &endpoint->callers.head && place_of(node) >= first;
         node = node->previous) {
        place = place_of(node);
        if (thread_of(node)->wait.call.account == account) {
            place++;
            break;
        }
    }
    client->wait.call.account = account;
    client->wait.call.place = place;
    node = find_place(endpoint, place);
    list_insert_between(&client->wait.link, node, node->next);
    client->wait.call.session->queued++;
}

/* A call will be given back to wait for its answer; a send has ended with this. */
static bool take_message(struct endpoint *endpoint, struct arrival *arrival)
{
    list_for_each (&endpoint->callers, node) {
        struct thread *from = thread_of(node);
        bool is_send = from->wait.call.is_send;
        if (!thread_claim_wait(from))
            continue;
        list_remove(node);
        struct session *session = from->wait.call.session;
        session->queued--;
        *arrival = (struct arrival){
            .kind = is_send ? RECEIVED_SEND : RECEIVED_CALL, .from = from, .session = session};
        return true;
    }
    return false;
}

static bool take_event(struct endpoint *endpoint, struct arrival *arrival)
{
    struct observation observation;
    if (!observation_queue_take(&endpoint->observations, &observation))
        return false;
    *arrival = (struct arrival){
        .kind = RECEIVED_EVENT, .badge = observation.key, .signals = observation.signals};
    return true;
}

static bool take_closed(struct endpoint *endpoint, struct arrival *arrival)
{
    list_for_each (&endpoint->closed, node) {
        struct session *session = container_of(node, struct session, closed_link);
        if (session->queued != 0)
            continue;
        list_remove(node);
        *arrival =
            (struct arrival){.kind = RECEIVED_CLOSED, .badge = session->badge, .session = session};
        return true;
    }
    return false;
}

bool endpoint_take(struct endpoint *endpoint, struct arrival *arrival)
{
    static bool (*const kinds[])(struct endpoint *, struct arrival *) = {take_message, take_event};
    if (take_closed(endpoint, arrival))
        return true;
    for (uint32_t i = 0; i < 2; i++) {
        if (kinds[endpoint->turn ^ i](endpoint, arrival)) {
            endpoint->turn ^= i ^ 1;
            return true;
        }
    }
    return false;
}

int64_t arrival_show(const struct arrival *arrival, struct thread *thread)
{
    arch_message_set_information(thread, 0);
    arch_message_set_word(thread, 0, arrival->signals);
    arch_message_set_source(thread, arrival->badge, 0);
    thread->told = arrival->session;
    return arrival->kind;
}

/* A notice came: one who waits gets it now. Endpoint locked. */
static void give_notice(struct endpoint *endpoint)
{
    struct arrival arrival;
    struct thread *receiver = endpoint_claim_receiver(endpoint);
    if (receiver == NULL)
        return;
    int64_t result = status_to_result(STATUS_RESTART);
    if (list_is_empty(&endpoint->callers) && endpoint_take(endpoint, &arrival))
        result = arrival_show(&arrival, receiver);
    thread_finish_wait(receiver, result);
}

/* Endpoints as objects. */

static void observation_arrived(struct object *object)
{
    give_notice(endpoint_of(object));
}

int64_t call_endpoint_create(struct thread *self, const struct endpoint_create_arguments *arguments)
{
    struct endpoint *endpoint = object_create(OBJECT_ENDPOINT, arguments->account);
    if (endpoint == NULL)
        return status_to_result(STATUS_NO_MEMORY);
    list_init(&endpoint->receivers);
    list_init(&endpoint->callers);
    list_init(&endpoint->servers);
    list_init(&endpoint->held);
    list_init(&endpoint->closed);
    observation_queue_init(&endpoint->observations, &endpoint->object, &endpoint->object.lock,
                           &endpoint->keys, observation_arrived);
    return handle_of_created(&self->process->handles, &endpoint->object, RIGHT_ALL);
}

static bool is_any(const struct thread *thread)
{
    return true;
}

/* The handle it waits by is the first argument of its call. */
static bool is_revoked(const struct thread *thread)
{
    struct handle_view view;
    return handle_resolve(&thread->process->handles, arch_call_argument(thread, 0), OBJECT_ANY, 0,
                          &view) == STATUS_REVOKED;
}

/* One of those who wait, claimed with the lock that keeps it in this wait; NULL. */
static struct thread *claim_waiting(const struct list *waiting,
                                    bool (*is_meant)(const struct thread *thread))
{
    list_for_each (waiting, node)
        if (is_meant(thread_of(node)) && thread_claim_wait(thread_of(node)))
            return thread_of(node);
    return NULL;
}

/* The same of those whose calls server threads have. */
static struct thread *claim_served(const struct list *servers,
                                   bool (*is_meant)(const struct thread *thread))
{
    list_for_each (servers, node) {
        struct thread *client = container_of(node, struct thread, serves_link)->client;
        if (client != NULL && is_meant(client) && thread_claim_wait(client))
            return client;
    }
    return NULL;
}

static struct thread *claim_receiving(struct endpoint *endpoint,
                                      bool (*is_meant)(const struct thread *thread))
{
    struct thread *first = endpoint->receiver;
    if (first != NULL && is_meant(first) && thread_claim_wait(first))
        return first;
    return claim_waiting(&endpoint->receivers, is_meant);
}

static struct thread *claim(struct endpoint *endpoint, bool taken,
                            bool (*is_meant)(const struct thread *thread))
{
    lock_acquire(&endpoint->object.lock);
    struct thread *thread = claim_waiting(&endpoint->callers, is_meant);
    if (thread == NULL)
        thread = claim_receiving(endpoint, is_meant);
    if (thread == NULL && taken)
        thread = claim_served(&endpoint->servers, is_meant);
    if (thread == NULL && taken)
        thread = claim_waiting(&endpoint->held, is_meant);
    lock_release(&endpoint->object.lock);
    return thread;
}

/* Those who call or receive, and with `taken` those whose call was taken. */
static void end_waits(struct endpoint *endpoint, bool taken,
                      bool (*is_meant)(const struct thread *thread), enum status why)
{
    struct thread *thread;
    while ((thread = claim(endpoint, taken, is_meant)) != NULL)
        thread_abort_wait(thread, why);
}

void endpoint_end_revoked(struct endpoint *endpoint)
{
    end_waits(endpoint, true, is_revoked, STATUS_REVOKED);
}

static void end_notices(struct endpoint *endpoint)
{
    struct list_node *node;
    lock_acquire(&endpoint->object.lock);
    while ((node = list_pop_front(&endpoint->closed)) != NULL)
        object_release(&container_of(node, struct session, closed_link)->object);
    lock_release(&endpoint->object.lock);
}

void endpoint_opened(struct object *object, uint32_t rights)
{
    lock_acquire(&object->lock);
    endpoint_of(object)->holders += (rights & HOLDER_RIGHTS) != 0;
    lock_release(&object->lock);
}

void endpoint_closed(struct object *object, uint32_t rights)
{
    struct endpoint *endpoint = endpoint_of(object);
    if ((rights & HOLDER_RIGHTS) == 0)
        return;
    lock_acquire(&object->lock);
    bool dead = --endpoint->holders == 0;
    lock_release(&object->lock);
    if (!dead)
        return;
    end_waits(endpoint, false, is_any, STATUS_CLOSED);
    observation_queue_retire(&endpoint->observations);
    end_notices(endpoint);
}

static void endpoint_free(struct deferred *retired)
{
    struct endpoint *endpoint = container_of(retired, struct endpoint, observations.retired);
    object_free(&endpoint->object);
}

void endpoint_destroy(struct object *object)
{
    observation_queue_end(&endpoint_of(object)->observations, endpoint_free);
}

/* One reference goes with the notice; false if nobody could ever take it. */
static bool queue_notice(struct session *session, bool again)
{
    struct endpoint *endpoint = session->endpoint;
    lock_acquire(&endpoint->object.lock);
    bool queued = endpoint->holders != 0 && !list_node_is_linked(&session->closed_link);
    if (queued && again)
        list_push_front(&endpoint->closed, &session->closed_link);
    else if (queued)
        list_push_back(&endpoint->closed, &session->closed_link);
    if (queued)
        give_notice(endpoint);
    lock_release(&endpoint->object.lock);
    return queued;
}

void session_unreachable(struct object *object)
{
    object_acquire(object);
    if (!queue_notice(container_of(object, struct session, object), false))
        object_release(object);
}

void endpoint_tell_again(struct session *session)
{
    if (!queue_notice(session, true))
        object_release(&session->object);
}
