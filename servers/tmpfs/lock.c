/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A node's locks are a list without order; a request first looks for a
 * conflict, then cuts its own range out of the owner's locks, then adds itself.
 * All who are refused between two unlocks wait for the same event.
 */
#include "lock.h"

#include <base/errno.h>
#include <base/heap.h>

enum lock_kind { LOCK_SHARED = 0, LOCK_EXCLUSIVE = 1, LOCK_UNLOCK = 2 };
enum { LOCK_FLOCK = 1, LOCK_ASK = 2 };

struct file_lock {
    struct list_node link;
    enum lock_kind kind;
    bool flock;
    uint64_t start, end; /* [start, end) */
    uint64_t badge;
    uint32_t pid;
    struct user *payer;
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

    if (held->flock != flock)
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
        if (held->flock == flock && !apart && !both_shared && !same_owner(held, request))
            return held;
    }
    return NULL;
}

static struct file_lock *create_lock(struct user *payer)
{
    if (!user_take(payer, USER_LOCKS, 1))
        return NULL;
    struct file_lock *lock = allocate_zeroed(1, sizeof(*lock));
    if (lock == NULL)
        user_give_back(payer, USER_LOCKS, 1);
    else
        lock->payer = payer;
    return lock;
}

static void free_lock(struct file_lock *lock)
{
    if (lock == NULL)
        return;
    user_give_back(lock->payer, USER_LOCKS, 1);
    release(lock);
}

static void remove_lock(struct file_lock *lock)
{
    list_remove(&lock->link);
    free_lock(lock);
}

static void wake_waiters(struct node *node)
{
    if (node->unlocked == HANDLE_NONE)
        return;
    content_signal(node->unlocked, 0, FS_LOCK_CHANGED);
    content_release(node->unlocked);
    node->unlocked = HANDLE_NONE;
}

/* Would cutting the range out leave two parts of a lock? */
static bool splits(struct node *node, const struct lock_request *request)
{
    list_for_each (&node->locks, link) {
        const struct file_lock *held = lock_of(link);
        if (same_owner(held, request) && held->start < request->lock->start &&
            held->end > range_end(request->lock))
            return true;
    }
    return false;
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
            struct user *payer = tail->payer;
            *spare = NULL;
            *tail = *held;
            tail->payer = payer;
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

static void add_lock(struct node *node, const struct lock_request *request, struct file_lock *lock)
{
    lock->kind = (enum lock_kind)request->lock->kind;
    lock->flock = (request->lock->flags & LOCK_FLOCK) != 0;
    lock->start = request->lock->start;
    lock->end = range_end(request->lock);
    lock->badge = request->badge;
    lock->pid = request->pid;
    list_push_back(&node->locks, &lock->link);
}

fs_error_t lock_apply(struct node *node, const struct lock_request *request)
{
    const struct fs_lock *wanted = request->lock;

    if (wanted->kind > LOCK_UNLOCK)
        return LINUX_EINVAL;
    if (wanted->kind != LOCK_UNLOCK && find_conflict(node, request) != NULL)
        return LINUX_EAGAIN;
    bool adds = wanted->kind != LOCK_UNLOCK, needs_spare = splits(node, request);
    struct file_lock *spare = needs_spare ? create_lock(request->user) : NULL;
    struct file_lock *added = adds ? create_lock(request->user) : NULL;
    if ((needs_spare && spare == NULL) || (adds && added == NULL)) {
        free_lock(spare);
        free_lock(added);
        return LINUX_ENOLCK;
    }
    cut_range(node, request, &spare);
    if (adds)
        add_lock(node, request, added);
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

fs_error_t lock_wait(struct node *node, handle_t *event)
{
    fs_error_t error = node->unlocked != HANDLE_NONE ? 0 : content_create_event(&node->unlocked);

    *event = node->unlocked;
    return error == 0 ? 0 : LINUX_ENOLCK;
}

void lock_drop_session(struct node *node, uint64_t badge)
{
    bool dropped = false;

    list_for_each_safe (&node->locks, link) {
        struct file_lock *held = lock_of(link);
        if (held->badge == badge) {
            remove_lock(held);
            dropped = true;
        }
    }
    if (dropped)
        wake_waiters(node);
}
