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

/* Something that hangs on an object until its mask is met. */
struct observer {
    struct list_node link; /* object->lock; in object->observers */
    struct object *object; /* a reference; constant */
    uint32_t mask;         /* constant */
    /* Bits of the mask were raised; the object is locked. */
    void (*raised)(struct observer *observer, uint32_t signals);
};

/* Hang an initialised observer on its object, taking the reference; what stands
 * of its mask counts as raised now. No locks are held. */
void observer_attach(struct observer *observer);
/* The reverse; afterwards `raised` does not run and will not run. Twice does no harm
 * to the list, but the reference is dropped by observer_release, once. */
void observer_detach(struct observer *observer);
void observer_release(struct observer *observer);
/* What stands of its mask. Without the object's lock it may be out of date; a
 * raise that is missed will then call `raised`. */
uint32_t observer_standing(const struct observer *observer);

/*
 * Fired observations waiting to be given out: inside a port and an endpoint.
 * Guarded by the port's or endpoint's object.lock (LOCK_QUEUE).
 */
struct observation_queue {
    struct list fired;    /* observers that fired, in order */
    struct list all;      /* every observer of this queue, for lookup by key and teardown */
    struct object *owner; /* the port or endpoint; constant */
    bool closed;          /* nothing is added any more */
    void (*arrived)(struct object *owner); /* queue lock held: wake who waits at it */
};

void observation_queue_init(struct observation_queue *queue, struct object *owner,
                            void (*arrived)(struct object *owner));
/* Queue lock held. False if nothing is there. A level observer that still stands stays queued, last. */
bool observation_queue_take(struct observation_queue *queue, struct observation *result);
/* The same for up to `limit`, none twice; returns how many. */
uint32_t observation_queue_take_many(struct observation_queue *queue, struct observation *results,
                                     uint32_t limit);
/* Remove all observers, for good; no locks held. */
void observation_queue_clear(struct observation_queue *queue);

struct observation_request {
    uint64_t key;
    uint32_t mask;
    uint32_t flags; /* enum observe_flag */
};

/* Replaces what has the same key, also if it has fired. NO_MEMORY; UNSUPPORTED for a
 * port or endpoint as the object; CLOSED if the queue has been cleared. */
enum status observation_add(struct observation_queue *queue, struct object *object,
                            const struct observation_request *request,
                            struct account *account) must_check;
/* NOT_FOUND. */
enum status observation_remove(struct observation_queue *queue, uint64_t key) must_check;
