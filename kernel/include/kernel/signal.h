/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Observing signals: what ports, endpoints and waiting threads hang on objects.
 *
 * An observation keeps its object in existence, so the object never goes away
 * under it; the object keeps nothing of the queue. A port or endpoint cannot
 * itself be observed by one, only by a thread: there are no cycles, and locks
 * are taken in order.
 */
#pragma once

#include <kernel/object.h>
#include <trellis/structures.h>

struct thread;

/* Those of a port or endpoint by their keys: a server may observe ten thousand things. */
#define OBSERVATION_BITS 6
struct observation_keys {
    struct list buckets[1 << OBSERVATION_BITS];
};

/* Observations and which of them have fired: inside a port, an endpoint, a thread. */
struct observation_queue {
    struct spinlock *lock; /* constant; guards the rest: the port's or endpoint's own, LOCK_QUEUE,
                            * or the thread's, LOCK_ADDRESS */
    struct list fired;     /* in order */
    struct list all;
    struct observation_keys *keys;         /* constant; NULL in a thread, which replaces none */
    struct object *owner;                  /* constant; the port, endpoint or thread; charged */
    void (*arrived)(struct object *owner); /* locked: wake who waits at it, or clear it */
    struct deferred retired;
    bool retiring; /* being emptied in steps */
};

void observation_queue_init(struct observation_queue *queue, struct object *owner,
                            struct spinlock *lock, struct observation_keys *keys,
                            void (*arrived)(struct object *owner));

struct observation_request {
    struct object *object;
    uint64_t key;
    uint32_t mask;
    uint32_t flags; /* enum observe_flag */
    bool replace;   /* remove what has the same key, also if it has fired */
    const struct derivation
        *derivation; /* a thread's wait: what it came by, to be ended by its revocation */
};

/* No lock is held. What stands already fires. NO_MEMORY. */
enum status observation_add(struct observation_queue *queue,
                            const struct observation_request *request) must_check;

/* Locked. Up to `limit` that have fired, none twice; returns how many. A level that still
 * stands stays queued, last. */
uint32_t observation_queue_take_many(struct observation_queue *queue, struct observation *results,
                                     uint32_t limit);
/* False if nothing is there. */
static inline bool observation_queue_take(struct observation_queue *queue,
                                          struct observation *result)
{
    return observation_queue_take_many(queue, result, 1) != 0;
}

/* Have every thread that waits for the object look anew: a handle to it was revoked. */
void object_rouse_waiters(struct object *object);

/* Remove all, when the owner has no handle left: a few now, the others after grace periods. */
void observation_queue_retire(struct observation_queue *queue);
/* Remove what was added by who had found the owner before, then have the owner freed: a raise
 * may still look at the queue of one that was removed just now. */
void observation_queue_end(struct observation_queue *queue, void (*free)(struct deferred *retired));
/* Remove all: a wait has ended. */
void observation_queue_clear(struct observation_queue *queue);
void observation_queue_clear_locked(struct observation_queue *queue);

/* Wait until the object has a signal of the mask: then the call's result are those it has, if
 * `told`, or the call is executed again. BLOCKED, RESTART if there is one, TIMED_OUT, INTERRUPTED. */
enum status signal_wait_one(struct thread *self, const struct observation_request *target,
                            uint64_t deadline, bool told) must_check;
/* Wait until one of up to WAIT_MANY_MAX objects has a signal of its mask: then the call is
 * executed again. BLOCKED, or why not: NO_MEMORY, TIMED_OUT, INTERRUPTED. (wait_many.c) */
enum status signal_wait(struct thread *self, const struct observation_request *targets,
                        uint32_t count, uint64_t deadline) must_check;
