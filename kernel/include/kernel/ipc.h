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
    struct list receivers;  /* threads in WAIT_RECEIVE */
    struct list callers;    /* threads in WAIT_CALL, highest effective priority first, then in order */
    struct observation_queue observations;
    struct list closed;     /* sessions whose last handle has gone */
};

struct session {
    struct object object;
    struct endpoint *endpoint;  /* a reference; constant */
    uint64_t badge;             /* constant */
    struct list_node closed_link; /* endpoint lock: the notice needs no allocation */
};

/* The right to answer one call, as an object. */
struct reply {
    struct object object;
    struct thread *client;      /* object.lock; a reference; NULL once answered or given up */
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

/* The thread ends or its process does: its client, its callers' right to an
 * answer (SERVER_DIED) and its place in queues are given up. */
void ipc_abandon(struct thread *thread);
