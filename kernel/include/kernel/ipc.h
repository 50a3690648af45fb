/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Endpoints, sessions, replies: calls between processes.
 *
 * All of one endpoint's state is under its object.lock (LOCK_QUEUE).
 */
#pragma once

#include <kernel/object.h>
#include <kernel/signal.h>
#include <kernel/thread.h>

struct endpoint {
    struct object object;
    struct list receivers; /* threads in WAIT_RECEIVE */
    struct list callers; /* threads in WAIT_CALL, highest effective priority first, then in order */
    struct observation_queue observations;
    struct list closed;    /* sessions whose last handle has gone */
    struct thread *server; /* who received last: queued callers lend it their priority */
    bool events_first;     /* whose turn it is to be looked at first */
};

struct session {
    struct object object;
    struct endpoint *endpoint;    /* a reference; constant */
    uint64_t badge;               /* constant */
    struct list_node closed_link; /* endpoint lock: the notice needs no allocation */
};

/* The right to answer one call, as an object. */
struct reply {
    struct object object;
    struct thread *client; /* object.lock; a reference; NULL once answered or given up */
};

/*
 * The raw calls: arguments and results are in the thread's registers
 * (arch_message_*). Each returns the value for the result register, or the
 * statuses of kernel/status.h.
 */
enum status ipc_call(struct thread *self, struct session *session, bool until) must_check;
enum status ipc_send(struct thread *self, struct session *session) must_check;
enum status ipc_receive(struct thread *self, struct endpoint *endpoint, bool until) must_check;
enum status ipc_reply_and_wait(struct thread *self, struct endpoint *endpoint) must_check;
enum status ipc_reply(struct thread *self, handle_t token) must_check;

/* Of the thread's client and the callers queued where it receives. */
uint8_t ipc_lent_priority(const struct thread *server);
/* The server's client waits on, for somebody else's answer. */
void ipc_release_client(struct thread *server);
/* A cloned thread waits for its reply object, as the thread it was cloned from does. */
void ipc_wait_for_reply(struct thread *thread);
/* Queued calls that came by handles now dead end with REVOKED. */
void ipc_cancel_revoked(struct session *session);
/* Nobody will receive here any more: queued calls end with CLOSED. */
void ipc_close_endpoint(struct endpoint *endpoint);
void ipc_session_closed(struct session *session);
void endpoint_observation_arrived(struct object *endpoint);

/* The right to answer `client`, which waits. One reference for the caller. */
enum status reply_create(struct account *account, struct thread *client,
                         struct reply **result) must_check;
void reply_forget(struct reply *reply);

/* Object operations (object.h). */
void endpoint_unreachable(struct object *object);
void endpoint_destroy(struct object *object);
void session_unreachable(struct object *object);
void session_destroy(struct object *object);
void reply_unreachable(struct object *object);
void reply_destroy(struct object *object);

/* The thread ends or its process does: its client, its callers' right to an
 * answer (SERVER_DIED) and its place in queues are given up. */
void ipc_abandon(struct thread *thread);
