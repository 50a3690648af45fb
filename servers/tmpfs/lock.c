/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A node's locks are a list without order; a request first looks for a
 * conflict, then cuts its own range out of the owner's locks, then adds itself.
 * Waiters are in the same list, as locks of kind LOCK_WAITER, so that a node
 * has one thing to clean up.
 */
#include "lock.h"

#include <base/errno.h>
#include <base/heap.h>

enum lock_kind { LOCK_SHARED = 0, LOCK_EXCLUSIVE = 1, LOCK_UNLOCK = 2, LOCK_WAITER = 3 };
enum { LOCK_FLOCK = 1, LOCK_ASK = 2 };

struct file_lock {
    struct list_node link;
    enum lock_kind kind;
    bool flock;
    uint64_t start, end; /* [start, end) */
    uint64_t badge;
    uint32_t pid;
    handle_t event; /* LOCK_WAITER */
};

static struct file_lock *lock_of(struct list_node *link)
{
    return container_of(link, struct file_lock, link);
}

static uint64_t range_end(const struct fs_lock *lock)
{
    return lock->length == 0 || lock->length > UINT64_MAX - lock->start
               ? UINT64_MAX
               : lock->start + lock->length;
}

static bool same_owner(const struct file_lock *held, const struct lock_request *request)
{
    bool flock = (request->lock->flags & LOCK_FLOCK) != 0;

    if (held->kind == LOCK_WAITER || held->flock != flock)
        return false;
    return flock ? held->badge == request->badge : held->pid == request->pid;
}

static struct file_lock *find_conflict(struct node *node, const struct lock_request *request)
{
    bool flock = (request->lock->flags & LOCK_FLOCK) != 0;

    list_for_each (&node->locks, link) {
        struct file_lock *held = lock_of(link);
        bool apart = held->end <= request->lock->start || held->start >= range_end(request->lock);
        bool both_shared = held->kind == LOCK_SHARED && request->lock->kind == LOCK_SHARED;
        if (held->kind != LOCK_WAITER && held->flock == flock && !apart && !both_shared &&
            !same_owner(held, request))
            return held;
    }
    return NULL;
}

static void remove_lock(struct file_lock *lock)
{
    list_remove(&lock->link);
    release(lock);
}

static void wake_waiters(struct node *node)
{
    list_for_each_safe (&node->locks, link) {
        struct file_lock *waiter = lock_of(link);
        if (waiter->kind != LOCK_WAITER)
            continue;
        content_signal(waiter->event, 0, FS_LOCK_CHANGED);
        content_release(waiter->event);
        remove_lock(waiter);
    }
}

/* Cut [start, end) out of what this owner holds; `spare` serves the one split there can be. */
static void cut_range(struct node *node, const struct lock_request *request,
                      struct file_lock **spare)
{
    uint64_t start = request->lock->start;
    uint64_t end = range_end(request->lock);

    list_for_each_safe (&node->locks, link) {
        struct file_lock *held = lock_of(link);
        if (!same_owner(held, request) || held->end <= start || held->start >= end)
            continue;
        if (held->start < start && held->end > end) {
            struct file_lock *tail = *spare;
            *spare = NULL;
            *tail = *held;
            tail->start = end;
            list_push_back(&node->locks, &tail->link);
            held->end = start;
        } else if (held->start < start) {
            held->end = start;
        } else if (held->end > end) {
            held->start = end;
        } else {
            remove_lock(held);
        }
    }
}

fs_error_t lock_apply(struct node *node, const struct lock_request *request)
{
    const struct fs_lock *wanted = request->lock;

    if (wanted->kind > LOCK_UNLOCK)
        return LINUX_EINVAL;
    if (wanted->kind != LOCK_UNLOCK && find_conflict(node, request) != NULL)
        return LINUX_EAGAIN;
    struct file_lock *spare = allocate_zeroed(1, sizeof(*spare));
    struct file_lock *added = allocate_zeroed(1, sizeof(*added));
    if (spare == NULL || added == NULL) {
        release(spare);
        release(added);
        return LINUX_ENOLCK;
    }
    *added = (struct file_lock){
        .kind = (enum lock_kind)wanted->kind,
        .flock = (wanted->flags & LOCK_FLOCK) != 0,
        .start = wanted->start,
        .end = range_end(wanted),
        .badge = request->badge,
        .pid = request->pid,
    };
    cut_range(node, request, &spare);
    if (wanted->kind == LOCK_UNLOCK)
        release(added);
    else
        list_push_back(&node->locks, &added->link);
    release(spare);
    wake_waiters(node);
    return 0;
}

void lock_ask(struct node *node, const struct lock_request *request)
{
    struct file_lock *held = find_conflict(node, request);

    if (held == NULL) {
        request->lock->kind = LOCK_UNLOCK;
        return;
    }
    request->lock->kind = held->kind;
    request->lock->start = held->start;
    request->lock->length = held->end == UINT64_MAX ? 0 : held->end - held->start;
    request->lock->owner = held->pid;
}

fs_error_t lock_wait(struct node *node, handle_t event)
{
    struct file_lock *waiter = allocate_zeroed(1, sizeof(*waiter));

    if (waiter == NULL)
        return LINUX_ENOLCK;
    waiter->kind = LOCK_WAITER;
    waiter->event = event;
    list_push_back(&node->locks, &waiter->link);
    return 0;
}

void lock_drop_session(struct node *node, uint64_t badge)
{
    bool dropped = false;

    list_for_each_safe (&node->locks, link) {
        struct file_lock *held = lock_of(link);
        if (held->kind != LOCK_WAITER && held->badge == badge) {
            remove_lock(held);
            dropped = true;
        }
    }
    if (dropped)
        wake_waiters(node);
}
