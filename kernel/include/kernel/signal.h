/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Observing signals: what wait_many, ports and endpoints hang on objects.
 */
#pragma once

#include <kernel/object.h>
#include <trellis/structures.h>

struct thread;

/*
 * Fired observations waiting to be given out: inside a port and an endpoint.
 * Guarded by the port's or endpoint's object.lock (LOCK_QUEUE).
 */
struct observation_queue {
    struct list fired;         /* observers that fired, in order */
    struct list all;           /* every observer of this queue, for lookup by key and teardown */
    struct object *owner;      /* the port or endpoint */
    void (*arrived)(struct object *owner); /* queue lock held: wake who waits at it */
};

struct observer {
    struct list_node object_link; /* object->lock; in object->observers */
    struct object *object;        /* a reference */
    uint32_t mask;                /* constant */
    uint32_t flags;               /* enum observe_flag; constant */
    struct observation_queue *queue; /* NULL: `thread` waits in wait_many */
    struct thread *thread;
    uint64_t key;
    struct list_node queue_link;  /* queue lock; in queue->all */
    struct list_node fired_link;  /* queue lock; in queue->fired */
    uint32_t pending;             /* queue lock; bits that fired and were not given out */
};

void observation_queue_init(struct observation_queue *queue, struct object *owner,
                            void (*arrived)(struct object *owner));
/* Queue lock held. False if nothing is there. A level observer that still stands stays queued. */
bool observation_queue_take(struct observation_queue *queue, struct observation *result);
/* Remove all observers; no locks held. */
void observation_queue_clear(struct observation_queue *queue);

enum status observer_add(struct observation_queue *queue, struct object *object, uint32_t mask,
                         uint64_t key, uint32_t flags, struct account *account) must_check;
enum status observer_remove(struct observation_queue *queue, uint64_t key) must_check;
