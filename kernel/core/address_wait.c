/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Address waits (Franke, Russell, Kirkwood: Fuss, Futexes and Furwocks, OLS 2002).
 *
 * Waiters are in hashed buckets, in order. The word cannot be read with the
 * bucket locked, because reading it can fault. Instead each bucket counts its
 * wakes: a waiter notes the count, reads the word, and queues only if the count
 * is still the same once the bucket is locked. A waker that changed the word
 * after it was read has either counted by then, or will find the waiter queued.
 */
#include <kernel/address_wait.h>

#include <kernel/call_arguments.h>
#include <kernel/copy.h>
#include <kernel/process.h>
#include <kernel/space.h>
#include <kernel/thread.h>

#define BUCKET_BITS 8
#define BUCKET_COUNT (1u << BUCKET_BITS)

struct bucket {
    struct spinlock lock;
    _Atomic uint64_t wakes; /* lock, for writing */
    struct list waiters;    /* lock; of struct thread, by wait.link; not set up until first used */
};

static struct bucket buckets[BUCKET_COUNT] = {
    [0 ... BUCKET_COUNT - 1] = {.lock = SPINLOCK_INITIAL(LOCK_ADDRESS)},
};

struct key {
    uint64_t object, offset;
    uint32_t bucket;
};

static enum status key_find(struct process *process, uint64_t address, bool shared, struct key *key)
{
    if (address % sizeof(uint32_t) != 0)
        return STATUS_INVALID;
    enum status status =
        space_address_key(&process->space, address, shared, &key->object, &key->offset);
    if (status != STATUS_OK)
        return status;
    uint64_t hash = (key->object * 31 + key->offset / sizeof(uint32_t)) *
                    UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci hashing: Knuth volume 3, 6.4 */
    key->bucket = (uint32_t)(hash >> (64 - BUCKET_BITS));
    return STATUS_OK;
}

static bool key_is_of(const struct key *key, const struct thread *thread)
{
    return thread->wait.address.key_object == key->object &&
           thread->wait.address.key_offset == key->offset;
}

static void bucket_lock(struct bucket *bucket)
{
    lock_acquire(&bucket->lock);
    if (bucket->waiters.head.next == NULL)
        list_init(&bucket->waiters);
}

static void buckets_lock(struct bucket *first, struct bucket *second)
{
    if (first == second) {
        bucket_lock(first);
        return;
    }
    lock_acquire_two(&first->lock, &second->lock);
    if (first->waiters.head.next == NULL)
        list_init(&first->waiters);
    if (second->waiters.head.next == NULL)
        list_init(&second->waiters);
}

static void buckets_unlock(struct bucket *first, struct bucket *second)
{
    lock_release(&first->lock);
    if (first != second)
        lock_release(&second->lock);
}

/* Put a waiting, or about to wait, thread in the bucket of a key, which is locked. */
static void enqueue(struct thread *thread, const struct key *key)
{
    thread->wait.address.key_object = key->object;
    thread->wait.address.key_offset = key->offset;
    __atomic_store_n(&thread->wait.address.bucket, key->bucket, __ATOMIC_RELAXED);
    list_push_back(&buckets[key->bucket].waiters, &thread->wait.link);
}

/* It may be moved to another bucket until its own is locked. */
static void cancel_wait(struct thread *thread)
{
    for (bool removed = false; !removed;) {
        uint32_t number = __atomic_load_n(&thread->wait.address.bucket, __ATOMIC_RELAXED);
        bucket_lock(&buckets[number]);
        removed = thread->wait.address.bucket == number;
        if (removed)
            list_remove(&thread->wait.link);
        lock_release(&buckets[number].lock);
    }
}

static uint32_t wake_locked(const struct key *key, uint32_t count, uint32_t mask)
{
    struct bucket *bucket = &buckets[key->bucket];
    uint32_t woken = 0;
    atomic_fetch_add(&bucket->wakes, 1);
    list_for_each_safe(&bucket->waiters, node) {
        struct thread *thread = container_of(node, struct thread, wait.link);
        if (woken == count)
            break;
        if (!key_is_of(key, thread) || (thread->wait.address.mask & mask) == 0 ||
            !thread_claim_wait(thread))
            continue;
        list_remove(node);
        thread_finish_wait(thread, 0);
        woken++;
    }
    return woken;
}

static uint32_t wake(const struct key *key, uint32_t count, uint32_t mask)
{
    bucket_lock(&buckets[key->bucket]);
    uint32_t woken = wake_locked(key, count, mask);
    lock_release(&buckets[key->bucket].lock);
    return woken;
}

void address_wake_at(struct process *process, uint64_t address, uint32_t count)
{
    struct key shared, own;
    if (key_find(process, address, true, &shared) != STATUS_OK)
        return;
    uint32_t woken = wake(&shared, count, UINT32_MAX);
    if (woken < count && key_find(process, address, false, &own) == STATUS_OK &&
        own.object != shared.object)
        wake(&own, count - woken, UINT32_MAX);
}

static enum status wait_locked(struct thread *self, const struct key *key, uint32_t mask,
                               uint64_t deadline)
{
    self->wait.kind = WAIT_ADDRESS;
    self->wait.on = NULL;
    self->wait.cancel = cancel_wait;
    self->wait.address.mask = mask;
    enqueue(self, key);
    enum status status = thread_begin_wait(self, deadline);
    if (status == STATUS_OK)
        return STATUS_BLOCKED;
    list_remove(&self->wait.link);
    return status;
}

/* Read a word and compare; WOULD_BLOCK if it differs. */
static enum status compare(uint64_t address, uint32_t expected)
{
    uint32_t value;
    enum status status = copy_in(&value, address, sizeof(value));
    if (status != STATUS_OK)
        return status;
    return value == expected ? STATUS_OK : STATUS_WOULD_BLOCK;
}

int64_t call_address_wait(struct thread *self, const struct address_wait_arguments *arguments)
{
    struct key key;
    if (arguments->mask == 0)
        return status_to_result(STATUS_INVALID);
    enum status status = key_find(self->process, arguments->address,
                                  (arguments->flags & ADDRESS_SHARED) != 0, &key);
    if (status != STATUS_OK)
        return status_to_result(status);
    struct bucket *bucket = &buckets[key.bucket];
    uint64_t wakes = atomic_load(&bucket->wakes);
    status = compare(arguments->address, arguments->expected);
    if (status != STATUS_OK)
        return status_to_result(status);
    bucket_lock(bucket);
    if (atomic_load(&bucket->wakes) != wakes)
        status = STATUS_RESTART;
    else
        status = wait_locked(self, &key, arguments->mask, arguments->deadline);
    lock_release(&bucket->lock);
    return status_to_result(status);
}

int64_t call_address_wake(struct thread *self, const struct address_wake_arguments *arguments)
{
    struct key key;
    if (arguments->mask == 0)
        return status_to_result(STATUS_INVALID);
    enum status status = key_find(self->process, arguments->address,
                                  (arguments->flags & ADDRESS_SHARED) != 0, &key);
    if (status != STATUS_OK)
        return status_to_result(status);
    return wake(&key, arguments->count, arguments->mask);
}

/* Both buckets locked. */
static uint32_t requeue_locked(const struct key *from, const struct key *to, uint32_t count)
{
    uint32_t moved = 0;
    list_for_each_safe(&buckets[from->bucket].waiters, node) {
        struct thread *thread = container_of(node, struct thread, wait.link);
        if (moved == count)
            break;
        if (!key_is_of(from, thread))
            continue;
        list_remove(node);
        enqueue(thread, to);
        moved++;
    }
    return moved;
}

static enum status find_both_keys(struct thread *self, const struct requeue_request *request,
                                  struct key *from, struct key *to)
{
    bool shared = (request->flags & ADDRESS_SHARED) != 0;
    if ((request->flags & ~(uint32_t)ADDRESS_SHARED) != 0 || request->from == request->to)
        return STATUS_INVALID;
    enum status status = key_find(self->process, request->from, shared, from);
    if (status != STATUS_OK)
        return status;
    status = key_find(self->process, request->to, shared, to);
    if (status != STATUS_OK)
        return status;
    bool same = from->object == to->object && from->offset == to->offset;
    return same ? STATUS_INVALID : STATUS_OK;
}

int64_t call_address_requeue(struct thread *self, const struct address_requeue_arguments *arguments)
{
    const struct requeue_request *request = arguments->request;
    struct key from, to;
    enum status status = find_both_keys(self, request, &from, &to);
    if (status != STATUS_OK)
        return status_to_result(status);
    struct bucket *first = &buckets[from.bucket], *second = &buckets[to.bucket];
    uint64_t wakes = atomic_load(&first->wakes);
    if (request->compare != 0)
        status = compare(request->from, request->expected);
    if (status != STATUS_OK)
        return status_to_result(status);
    int64_t result = status_to_result(STATUS_RESTART);
    buckets_lock(first, second);
    if (atomic_load(&first->wakes) == wakes) {
        result = wake_locked(&from, request->wake, UINT32_MAX);
        result += requeue_locked(&from, &to, request->requeue);
    }
    buckets_unlock(first, second);
    return result;
}
