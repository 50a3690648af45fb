/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Signals and who observes them.
 *
 * A raise walks the object's observers with the object locked and may not take
 * any off that list, for an observer belongs to a queue whose lock comes later
 * or to a thread that hangs on other objects too. So what has served is only
 * marked, and comes off its object after a grace period (rcu.h), when no raise
 * can be looking at it.
 *
 * A level observer stays in its queue's list of fired ones until somebody who
 * takes from the queue finds that its signals no longer stand: nothing is done
 * when a signal is cleared.
 */
#include <kernel/signal.h>

#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/ipc.h>
#include <kernel/port.h>
#include <kernel/slab.h>

/* An observer of a queue. */
struct entry {
    struct observer observer;
    struct observation_queue *queue; /* constant */
    uint64_t key;                    /* constant */
    uint32_t flags;                  /* enum observe_flag; constant */
    uint32_t pending;                /* queue lock; edges that fired and were not given out */
    _Atomic bool removed;            /* queue lock, for writing */
    struct list_node all_link;       /* queue lock; in queue->all */
    struct list_node fired_link;     /* queue lock; in queue->fired */
    struct account *account;         /* charged; the slab holds the reference */
    struct deferred deferred;
};

static struct slab_cache entry_cache = SLAB_CACHE("observation", struct entry);

void object_signal_locked(struct object *object, uint32_t clear, uint32_t set)
{
    uint32_t signals = (object->signals & ~clear) | set;
    __atomic_store_n(&object->signals, signals, __ATOMIC_RELAXED);
    if (set == 0)
        return;
    list_for_each (&object->observers, node) {
        struct observer *observer = container_of(node, struct observer, link);
        if ((observer->mask & set) != 0)
            observer->raised(observer, observer->mask & set);
    }
}

void object_signal(struct object *object, uint32_t clear, uint32_t set)
{
    lock_acquire(&object->lock);
    object_signal_locked(object, clear, set);
    lock_release(&object->lock);
}

/* Without the object's lock it may be out of date; a raise that is missed calls `raised`. */
static uint32_t observer_standing(const struct observer *observer)
{
    return __atomic_load_n(&observer->object->signals, __ATOMIC_RELAXED) & observer->mask;
}

void observer_attach(struct observer *observer)
{
    struct object *object = observer->object;
    object_acquire(object);
    lock_acquire(&object->lock);
    list_push_back(&object->observers, &observer->link);
    uint32_t standing = observer_standing(observer);
    if (standing != 0)
        observer->raised(observer, standing);
    lock_release(&object->lock);
}

void observer_detach(struct observer *observer)
{
    lock_acquire(&observer->object->lock);
    list_remove(&observer->link);
    lock_release(&observer->object->lock);
}

void observer_release(struct observer *observer)
{
    object_release(observer->object);
}

/* Queues. */

/* The queue is there until this CPU leaves the kernel, for the entry was not removed just now. */
static void entry_raised(struct observer *observer, uint32_t signals)
{
    struct entry *entry = container_of(observer, struct entry, observer);
    if (atomic_load(&entry->removed))
        return;
    struct object *owner = entry->queue->owner;
    lock_acquire(&owner->lock);
    entry->pending |= signals;
    if (!atomic_load(&entry->removed) && !list_node_is_linked(&entry->fired_link)) {
        list_push_back(&entry->queue->fired, &entry->fired_link);
        entry->queue->arrived(owner);
    }
    lock_release(&owner->lock);
}

static void entry_free(struct deferred *deferred)
{
    struct entry *entry = container_of(deferred, struct entry, deferred);
    observer_detach(&entry->observer);
    observer_release(&entry->observer);
    slab_free(&entry_cache, entry->account, entry);
}

static void entry_remove_locked(struct entry *entry)
{
    atomic_store(&entry->removed, true);
    list_remove(&entry->all_link);
    list_remove(&entry->fired_link);
    rcu_defer(&entry->deferred, entry_free);
}

void observation_queue_init(struct observation_queue *queue, struct object *owner,
                            void (*arrived)(struct object *owner))
{
    list_init(&queue->fired);
    list_init(&queue->all);
    queue->owner = owner;
    queue->arrived = arrived;
}

/* Take a fired entry off; false if it has nothing to tell any more. */
static bool entry_take_locked(struct entry *entry, struct observation *result)
{
    bool edge = (entry->flags & OBSERVE_EDGE) != 0;
    uint32_t signals = edge ? entry->pending : observer_standing(&entry->observer);
    entry->pending = 0;
    list_remove(&entry->fired_link);
    if (signals == 0)
        return false;
    *result = (struct observation){.key = entry->key, .signals = signals};
    if ((entry->flags & OBSERVE_ONCE) != 0)
        entry_remove_locked(entry);
    else if (!edge)
        list_push_back(&entry->queue->fired, &entry->fired_link);
    return true;
}

uint32_t observation_queue_take_many(struct observation_queue *queue, struct observation *results,
                                     uint32_t limit)
{
    uint32_t taken = 0;
    struct list_node *last = queue->fired.head.previous, *node = NULL;
    while (taken < limit && node != last && !list_is_empty(&queue->fired)) {
        node = list_first(&queue->fired);
        struct entry *entry = container_of(node, struct entry, fired_link);
        taken += entry_take_locked(entry, &results[taken]);
    }
    return taken;
}

void observation_queue_clear(struct observation_queue *queue)
{
    lock_acquire(&queue->owner->lock);
    list_for_each_safe (&queue->all, node)
        entry_remove_locked(container_of(node, struct entry, all_link));
    lock_release(&queue->owner->lock);
}

static bool remove_key_locked(struct observation_queue *queue, uint64_t key)
{
    list_for_each (&queue->all, node) {
        struct entry *entry = container_of(node, struct entry, all_link);
        if (entry->key == key) {
            entry_remove_locked(entry);
            return true;
        }
    }
    return false;
}

/* Calls. */

static struct observation_queue *queue_of(struct object *object)
{
    if (object->type == OBJECT_PORT)
        return &container_of(object, struct port, object)->queue;
    return &container_of(object, struct endpoint, object)->observations;
}

int64_t call_observe(struct thread *self, const struct observe_arguments *arguments)
{
    struct object *object = arguments->object, *owner = arguments->queue;
    void *memory;
    if (arguments->mask == 0)
        return status_to_result(STATUS_INVALID);
    if (object->type == OBJECT_PORT || object->type == OBJECT_ENDPOINT)
        return status_to_result(STATUS_UNSUPPORTED);
    enum status status = slab_allocate(&entry_cache, owner->account, &memory);
    if (status != STATUS_OK)
        return status_to_result(status);
    struct entry *entry = memory;
    entry->observer =
        (struct observer){.object = object, .mask = arguments->mask, .raised = entry_raised};
    entry->queue = queue_of(owner);
    entry->key = arguments->key;
    entry->flags = arguments->flags;
    entry->account = owner->account;
    list_node_init(&entry->fired_link);
    lock_acquire(&owner->lock);
    remove_key_locked(entry->queue, entry->key);
    list_push_back(&entry->queue->all, &entry->all_link);
    lock_release(&owner->lock);
    observer_attach(&entry->observer);
    return 0;
}

int64_t call_unobserve(struct thread *self, const struct unobserve_arguments *arguments)
{
    lock_acquire(&arguments->queue->lock);
    bool found = remove_key_locked(queue_of(arguments->queue), arguments->key);
    lock_release(&arguments->queue->lock);
    return found ? 0 : status_to_result(STATUS_NOT_FOUND);
}
