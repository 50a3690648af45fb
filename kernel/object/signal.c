/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Signals and who observes them.
 *
 * A raise walks the object's observers with the object locked and may not take
 * any off that list, for each belongs to a queue whose lock comes later. So
 * what has served is only marked, and comes off its object after a grace period
 * (rcu.h), when no raise can be looking at it.
 *
 * A level stays among the fired ones until somebody who takes from the queue
 * finds that its signals no longer stand: nothing is done when one is cleared.
 */
#include <kernel/signal.h>

#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/ipc.h>
#include <kernel/port.h>
#include <kernel/relaxed.h>
#include <kernel/slab.h>

#define RETIRE_STEP 64 /* observations removed at once */

struct observer {
    struct list_node object_link;       /* object->lock; in object->observers */
    struct list_node all_link;          /* queue lock; in queue->all */
    struct list_node key_link;          /* queue lock; in queue->keys, if it may be replaced */
    struct list_node fired_link;        /* queue lock; in queue->fired */
    struct observation_queue *queue;    /* constant */
    struct observation_request request; /* constant; a reference on its object */
    struct account *account;            /* charged; the slab holds the reference */
    uint32_t pending;                   /* queue lock; edges that fired and were not given out */
    _Atomic bool removed;               /* queue lock, for writing */
    struct deferred deferred;
};

static struct slab_cache observer_cache = SLAB_CACHE("observer", struct observer);

/* The queue is there until this CPU leaves the kernel, for the observer was not removed just now. */
static void observer_fire(struct observer *observer, uint32_t signals)
{
    struct observation_queue *queue = observer->queue;
    if (atomic_load(&observer->removed))
        return;
    lock_acquire(queue->lock);
    observer->pending |= signals;
    if (!atomic_load(&observer->removed) && !list_node_is_linked(&observer->fired_link)) {
        list_push_back(&queue->fired, &observer->fired_link);
        queue->arrived(queue->owner);
    }
    lock_release(queue->lock);
}

/* Of those who wait for one of these; or of all, who then look anew. */
static void end_waits_locked(struct object *object, uint32_t set, bool all)
{
    list_for_each_safe (&object->waiters, node) {
        struct thread *thread = container_of(node, struct thread, wait.link);
        uint32_t mask = thread->wait.signals.mask;
        bool told = thread->wait.signals.told && !all;
        if (((mask & set) == 0 && !all) || !thread_claim_wait(thread))
            continue;
        list_remove(node);
        thread_finish_wait(thread,
                           told ? mask & object->signals : status_to_result(STATUS_RESTART));
        object_release(object);
    }
}

void object_signal_locked(struct object *object, uint32_t clear, uint32_t set)
{
    uint32_t signals = (object->signals & ~clear) | set;
    relaxed_store(&object->signals, signals);
    if (set == 0)
        return;
    end_waits_locked(object, set, false);
    list_for_each (&object->observers, node) {
        struct observer *observer = container_of(node, struct observer, object_link);
        if ((observer->request.mask & set) != 0)
            observer_fire(observer, observer->request.mask & set);
    }
}

/* Only a thread's wait comes by a derivation. */
void object_rouse_waiters(struct object *object)
{
    lock_acquire(&object->lock);
    list_for_each (&object->observers, node) {
        struct observer *observer = container_of(node, struct observer, object_link);
        if (observer->request.derivation != NULL)
            observer_fire(observer, 0);
    }
    end_waits_locked(object, 0, true);
    lock_release(&object->lock);
}

void object_signal(struct object *object, uint32_t clear, uint32_t set)
{
    lock_acquire(&object->lock);
    object_signal_locked(object, clear, set);
    lock_release(&object->lock);
}

static void observer_free(struct deferred *deferred)
{
    struct observer *observer = container_of(deferred, struct observer, deferred);
    struct object *object = observer->request.object;
    lock_acquire(&object->lock);
    list_remove(&observer->object_link);
    lock_release(&object->lock);
    object_release(object);
    slab_free(&observer_cache, observer->account, observer);
}

static void observer_remove_locked(struct observer *observer)
{
    atomic_store_explicit(&observer->removed, true, memory_order_release);
    list_remove(&observer->all_link);
    list_remove(&observer->key_link);
    list_remove(&observer->fired_link);
    rcu_defer(&observer->deferred, observer_free);
}

/* Without the object's lock it may be out of date; a raise that is missed fires it again. */
static uint32_t standing(const struct observation_request *request)
{
    return relaxed_load(&request->object->signals) & request->mask;
}

/* Take a fired one off; false if it has nothing to tell any more. */
static bool observer_take_locked(struct observer *observer, struct observation *result)
{
    const struct observation_request *request = &observer->request;
    bool edge = (request->flags & OBSERVE_EDGE) != 0;
    uint32_t signals = edge ? observer->pending : standing(request);
    observer->pending = 0;
    list_remove(&observer->fired_link);
    if (signals == 0)
        return false;
    *result = (struct observation){.key = request->key, .signals = signals};
    if ((request->flags & OBSERVE_ONCE) != 0)
        observer_remove_locked(observer);
    else if (!edge)
        list_push_back(&observer->queue->fired, &observer->fired_link);
    return true;
}

void observation_queue_init(struct observation_queue *queue, struct object *owner,
                            struct spinlock *lock, struct observation_keys *keys,
                            void (*arrived)(struct object *owner))
{
    *queue =
        (struct observation_queue){.lock = lock, .keys = keys, .owner = owner, .arrived = arrived};
    list_init(&queue->fired);
    list_init(&queue->all);
    for (uint32_t i = 0; keys != NULL && i < 1 << OBSERVATION_BITS; i++)
        list_init(&keys->buckets[i]);
}

/* By the upper bits of a product with the golden ratio (Knuth, volume 3, section 6.4). */
static struct list *bucket_of(const struct observation_queue *queue, uint64_t key)
{
    return &queue->keys->buckets[key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - OBSERVATION_BITS)];
}

uint32_t observation_queue_take_many(struct observation_queue *queue, struct observation *results,
                                     uint32_t limit)
{
    uint32_t taken = 0;
    struct list_node *last = queue->fired.head.previous, *node = NULL;
    while (taken < limit && node != last && !list_is_empty(&queue->fired)) {
        node = list_first(&queue->fired);
        struct observer *observer = container_of(node, struct observer, fired_link);
        taken += observer_take_locked(observer, &results[taken]);
    }
    return taken;
}

void observation_queue_clear_locked(struct observation_queue *queue)
{
    list_for_each_safe (&queue->all, node)
        observer_remove_locked(container_of(node, struct observer, all_link));
}

void observation_queue_clear(struct observation_queue *queue)
{
    lock_acquire(queue->lock);
    observation_queue_clear_locked(queue);
    lock_release(queue->lock);
}

void observation_queue_end(struct observation_queue *queue, void (*free)(struct deferred *retired))
{
    observation_queue_clear(queue);
    rcu_defer(&queue->retired, free);
}

/* True when nothing is left. */
static bool retire_step(struct observation_queue *queue)
{
    lock_acquire(queue->lock);
    for (uint32_t i = 0; i < RETIRE_STEP && !list_is_empty(&queue->all); i++)
        observer_remove_locked(container_of(list_first(&queue->all), struct observer, all_link));
    queue->retiring = !list_is_empty(&queue->all);
    bool done = !queue->retiring;
    lock_release(queue->lock);
    return done;
}

static void retire_more(struct deferred *deferred)
{
    struct observation_queue *queue = container_of(deferred, struct observation_queue, retired);
    if (retire_step(queue))
        object_release(queue->owner);
    else
        rcu_defer(deferred, retire_more);
}

void observation_queue_retire(struct observation_queue *queue)
{
    lock_acquire(queue->lock);
    bool under_way = queue->retiring;
    queue->retiring = true;
    lock_release(queue->lock);
    if (under_way)
        return;
    object_acquire(queue->owner);
    retire_more(&queue->retired);
}

/* Looked at with the object locked: who revokes rouses its waiters after that. */
static bool is_revoked(const struct observation_request *request)
{
    return request->derivation != NULL && atomic_load(&request->derivation->dead);
}

static bool remove_key_locked(struct observation_queue *queue, uint64_t key)
{
    list_for_each (bucket_of(queue, key), node) {
        struct observer *observer = container_of(node, struct observer, key_link);
        if (observer->request.key == key) {
            observer_remove_locked(observer);
            return true;
        }
    }
    return false;
}

enum status observation_add(struct observation_queue *queue,
                            const struct observation_request *request)
{
    struct object *object = request->object;
    struct observer *observer = slab_allocate(&observer_cache, queue->owner->account);
    if (observer == NULL)
        return STATUS_NO_MEMORY;
    observer->queue = queue;
    observer->request = *request;
    observer->account = queue->owner->account;
    list_node_init(&observer->fired_link);
    list_node_init(&observer->key_link);
    lock_acquire(queue->lock);
    if (request->replace) {
        remove_key_locked(queue, request->key);
        list_push_front(bucket_of(queue, request->key), &observer->key_link);
    }
    list_push_back(&queue->all, &observer->all_link);
    lock_release(queue->lock);
    object_acquire(object);
    lock_acquire(&object->lock);
    list_push_back(&object->observers, &observer->object_link);
    if (standing(request) != 0 || is_revoked(request))
        observer_fire(observer, standing(request));
    lock_release(&object->lock);
    return STATUS_OK;
}

/* Waiting for one object. */

static void cancel_wait(struct thread *thread)
{
    struct object *object = thread->wait.signals.object;
    lock_acquire(&object->lock);
    list_remove(&thread->wait.link);
    lock_release(&object->lock);
    object_release(object);
}

/* Others may claim the wait from its beginning, and then want the lock. */
enum status signal_wait_one(struct thread *self, const struct observation_request *target,
                            uint64_t deadline, bool told)
{
    struct object *object = target->object;
    enum status status = STATUS_RESTART;
    if (deadline == DEADLINE_NOW)
        return STATUS_TIMED_OUT;
    relaxed_store(&self->wait.kind, WAIT_SIGNALS);
    relaxed_store(&self->wait.on, NULL);
    self->wait.cancel = cancel_wait;
    self->wait.signals.object = object;
    self->wait.signals.mask = target->mask;
    self->wait.signals.told = told;
    lock_acquire(&object->lock);
    if (standing(target) == 0 && !is_revoked(target))
        status = thread_begin_wait(self, deadline);
    if (status == STATUS_OK) {
        object_acquire(object);
        list_push_back(&object->waiters, &self->wait.link);
    } else {
        relaxed_store(&self->wait.kind, WAIT_NONE);
    }
    lock_release(&object->lock);
    return status == STATUS_OK ? STATUS_BLOCKED : status;
}

/* Calls. */

int64_t call_wait_one(struct thread *self, const struct wait_one_arguments *arguments)
{
    const struct observation_request target = {.object = arguments->object,
                                               .mask = arguments->mask,
                                               .derivation = arguments->object_derivation};
    uint32_t signals = standing(&target);
    if (signals != 0)
        return signals;
    return status_to_result(signal_wait_one(self, &target, arguments->deadline, true));
}

static struct observation_queue *queue_of(struct object *object)
{
    if (object->type == OBJECT_PORT)
        return &container_of(object, struct port, object)->queue;
    return &container_of(object, struct endpoint, object)->observations;
}

int64_t call_observe(struct thread *self, const struct observe_arguments *arguments)
{
    const struct observation_request request = {
        .object = arguments->object,
        .key = arguments->key,
        .mask = arguments->mask,
        .flags = arguments->flags,
        .replace = true,
    };
    if (arguments->mask == 0)
        return status_to_result(STATUS_INVALID);
    if (request.object->type == OBJECT_PORT || request.object->type == OBJECT_ENDPOINT)
        return status_to_result(STATUS_UNSUPPORTED);
    return status_to_result(observation_add(queue_of(arguments->queue), &request));
}

int64_t call_unobserve(struct thread *self, const struct unobserve_arguments *arguments)
{
    struct observation_queue *queue = queue_of(arguments->queue);
    lock_acquire(queue->lock);
    bool found = remove_key_locked(queue, arguments->key);
    lock_release(queue->lock);
    return found ? 0 : status_to_result(STATUS_NOT_FOUND);
}
