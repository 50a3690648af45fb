/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Endpoints, sessions, replies: calls between processes.
 *
 * One endpoint's state, and that of every call that came by it until it has
 * ended, is under its object.lock (LOCK_QUEUE); `endpoint lock` below.
 */
#pragma once

#include <kernel/object.h>
#include <kernel/signal.h>
#include <kernel/thread.h>

struct endpoint {
    struct object object;
    struct thread *receiver; /* in WAIT_RECEIVE, with no deadline: served first; or NULL */
    struct list receivers;   /* others in WAIT_RECEIVE */
    struct list callers;     /* in WAIT_CALL, the most urgent first, then in turns by account */
    struct list servers;     /* threads that received here last; each has one call or none */
    struct list held;        /* in WAIT_REPLY, where a reply object has the call */
    struct list closed;      /* sessions whose last handle has gone; references */
    struct observation_queue observations;
    struct observation_keys keys;
    uint32_t holders; /* handles that may receive or manage; at none it is dead */
    uint32_t turn;    /* what is looked for first but for notices: messages (0) or events */
};

struct session {
    struct object object;
    struct endpoint *endpoint; /* a reference; constant */
    uint64_t badge;            /* constant */
    uint32_t queued; /* endpoint lock; its calls not yet taken: they come before the notice */
    struct list_node closed_link; /* endpoint lock: the notice needs no allocation */
};

/* The right to answer one call, as an object. */
struct reply {
    struct object object;
    struct endpoint *endpoint; /* that the call came by; a reference; constant */
    struct thread *client;     /* endpoint lock; a reference; NULL once answered or given up */
};

/*
 * ipc_call and ipc_reply_and_wait of the current thread, in the plain case (ipc_fast.c): the
 * thread that this CPU has been given to, or NULL, and then nothing has changed. Called by the
 * entry code, for a message without handles and text; the words pass in registers from the
 * entry to the way out, where the result becomes 0, and are nobody's concern here. What a message call's stub gives up need
 * not have been saved, but for the arguments by which the call may be begun anew.
 */
struct thread *ipc_fast_call(handle_t session, struct thread *self) must_check;
struct thread *ipc_fast_reply_and_wait(handle_t endpoint, struct thread *self) must_check;

/* Queued and taken calls, and receivers, that came by handles now dead end with REVOKED. */
void endpoint_end_revoked(struct endpoint *endpoint);
/* The thread ends: its client (SERVER_DIED) and the endpoint it serves are given up. */
void ipc_abandon(struct thread *thread);

/* Words, text and handles from one thread to another: whole, or a status and nothing. */
enum status message_deliver(struct thread *from, struct thread *to) must_check;
/* Nobody waits for it any more: what it moves is gone as if it had arrived. */
void message_discard(struct thread *from);
bool message_is_valid(uint64_t information) must_check;

/* What endpoint.c does for ipc.c: the queues. All expect the endpoint locked. */
struct thread *endpoint_claim_receiver(struct endpoint *endpoint);
void endpoint_add_receiver(struct endpoint *endpoint, struct thread *receiver);
void endpoint_remove_receiver(struct endpoint *endpoint, struct thread *receiver);
void endpoint_queue_caller(struct endpoint *endpoint, struct thread *client);
#define PLACE_ROUNDS (UINT64_MAX >> 8) /* places up to here are of callers with a budget */

/* Something to receive: a queued message (`from`), or a notice. */
struct arrival {
    enum received kind;
    struct thread *from;     /* its wait has been claimed; a call's is to be given back; or NULL */
    struct session *session; /* of that message or closing; its reference passes to the caller */
    uint64_t badge;          /* of a notice */
    uint64_t signals;
};
bool endpoint_take(struct endpoint *endpoint, struct arrival *arrival);
/* Endpoint locked: endpoint_take would find nothing. */
static inline bool endpoint_is_quiet(const struct endpoint *endpoint)
{
    return list_is_empty(&endpoint->callers) && list_is_empty(&endpoint->observations.fired) &&
           list_is_empty(&endpoint->closed);
}
/* The thread that was told of this closing ends before it received again: another is told. */
void endpoint_tell_again(struct session *session);
/* Show a notice to a thread; the result of its call. */
int64_t arrival_show(const struct arrival *arrival, struct thread *thread);

/* The right to answer a thread that does not run and is set to wait for that, as the one it was
 * cloned from does. One reference for the caller; NULL without memory. */
struct reply *reply_create_for_clone(struct account *account, struct endpoint *endpoint,
                                     struct thread *client) must_check;
/* The cancel operation of a call's wait. */
void ipc_cancel_call(struct thread *client);
void ipc_cancel_receive(struct thread *thread);

/* Object operations (object.h). */
void endpoint_opened(struct object *object, uint32_t rights);
void endpoint_closed(struct object *object, uint32_t rights);
void endpoint_destroy(struct object *object);
void session_unreachable(struct object *object);
void session_destroy(struct object *object);
void reply_unreachable(struct object *object);
void reply_destroy(struct object *object);
