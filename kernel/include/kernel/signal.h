/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Observing signals: what wait_many, ports and endpoints hang on objects.
 *
 * An observer keeps its object in existence, so the object never goes away
 * under it; a queue keeps nothing but its observers. A port or endpoint cannot
 * itself be observed by one: there are no cycles, and locks are taken in order.
 */
#pragma once

#include <kernel/object.h>
#include <trellis/structures.h>

struct thread;

/* Something that hangs on an object until its mask is met. */
struct observer {
    struct list_node link; /* object->lock; in object->observers */
    struct object *object; /* a reference; constant */
    uint32_t mask;         /* constant */
    /* Bits of the mask were raised; the object is locked. */
    void (*raised)(struct observer *observer, uint32_t signals);
};

/* Hang an observer on its object, taking the reference; what stands of its mask
 * counts as raised now. No locks are held in these. */
void observer_attach(struct observer *observer);
/* Afterwards `raised` does not run and will not run. Harmless a second time. */
void observer_detach(struct observer *observer);
/* Drop the reference; detached before. */
void observer_release(struct observer *observer);

/* What one of the things a thread waits for must have. */
struct signal_target {
    struct object *object;
    uint32_t mask;
};

/* Wait until one of the targets has a signal: then the call is executed again.
 * BLOCKED, or why not: NO_MEMORY, TIMED_OUT, INTERRUPTED. (wait_many.c) */
enum status signal_wait(struct thread *self, const struct signal_target *targets, uint32_t count,
                        uint64_t deadline) must_check;

/*
 * Fired observations waiting to be given out: inside a port and an endpoint.
 * Guarded by the port's or endpoint's object.lock (LOCK_QUEUE).
 */
struct observation_queue {
    struct list fired;    /* observers that fired, in order */
    struct list all;      /* every observer of this queue, for lookup by key and teardown */
    struct object *owner; /* the port or endpoint; constant */
    void (*arrived)(struct object *owner); /* queue lock held: wake who waits at it */
};

void observation_queue_init(struct observation_queue *queue, struct object *owner,
                            void (*arrived)(struct object *owner));
/* Queue lock held. Up to `limit`, none twice; returns how many. A level observer that
 * still stands stays queued, last. */
uint32_t observation_queue_take_many(struct observation_queue *queue, struct observation *results,
                                     uint32_t limit);
/* False if nothing is there. */
static inline bool observation_queue_take(struct observation_queue *queue,
                                          struct observation *result)
{
    return observation_queue_take_many(queue, result, 1) != 0;
}
/* Remove all observers, when the owner has no handle left and again before it is freed. */
void observation_queue_clear(struct observation_queue *queue);
