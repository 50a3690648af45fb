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
#include <kernel/relaxed.h>
#include <kernel/space.h>
#include <kernel/thread.h>

#define BUCKET_BITS 8
#define BUCKET_COUNT (1u << BUCKET_BITS)

struct bucket {
    struct spinlock lock;
    _Atomic uint64_t wakes; /* lock, for writing */
    struct list waiters;    /* lock; of struct thread, by wait.link; zero until first locked */
};

static struct bucket buckets[BUCKET_COUNT] = {
    [0 ... BUCKET_COUNT - 1] = {.lock = SPINLOCK_INITIAL(LOCK_ADDRESS)},
};

struct key {
    uint64_t object, offset;
    uint32_t bucket;
};

static enum status find_key(struct process *process, uint64_t address, uint32_t flags,
                            uint32_t mask, struct key *key)
{
    bool shared = (flags & ADDRESS_SHARED) != 0;
    if (address % sizeof(uint32_t) != 0 || mask == 0)
        return STATUS_INVALID;
    enum status status =
        space_address_key(&process->space, address, shared, &key->object, &key->offset);
    uint64_t hash = (key->object * 31 + key->offset / sizeof(uint32_t)) *
                    UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci hashing: Knuth volume 3, 6.4 */
    key->bucket = (uint32_t)(hash >> (64 - BUCKET_BITS));
    return status;
}

static struct bucket *bucket_of(const struct key *key)
{
    return &buckets[key->bucket];
}

static bool waits_at(const struct thread *thread, const struct key *key)
{
    return thread->wait.address.key_object == key->object &&
           thread->wait.address.key_offset == key->offset;
}

static void lock_buckets(struct bucket *first, struct bucket *second)
{
    if (first == second)
        lock_acquire(&first->lock);
    else
        lock_acquire_two(&first->lock, &second->lock);
    if (first->waiters.head.next == NULL)
        list_init(&first->waiters);
    if (second->waiters.head.next == NULL)
        list_init(&second->waiters);
}

static void unlock_buckets(struct bucket *first, struct bucket *second)
{
    lock_release(&first->lock);
    if (first != second)
        lock_release(&second->lock);
}

static void enqueue_locked(struct thread *thread, const struct key *key)
{
    thread->wait.address.key_object = key->object;
    thread->wait.address.key_offset = key->offset;
    relaxed_store(&thread->wait.address.bucket, key->bucket);
    list_push_back(&bucket_of(key)->waiters, &thread->wait.link);
}

/* It may be moved to another bucket until its own is locked. */
static void cancel_wait(struct thread *thread)
{
    for (bool removed = false; !removed;) {
        uint32_t number = relaxed_load(&thread->wait.address.bucket);
        lock_acquire(&buckets[number].lock);
        removed = thread->wait.address.bucket == number;
        if (removed)
            list_remove(&thread->wait.link);
        lock_release(&buckets[number].lock);
    }
}

/* Wake up to `count` who wait at a key for one of the mask, or have them wait at another. */
static inline __attribute__((always_inline)) uint32_t
release_locked(const struct key *key, uint32_t count, uint32_t mask, const struct key *to)
{
    uint32_t released = 0;
    list_for_each_safe (&bucket_of(key)->waiters, node) {
        struct thread *thread = container_of(node, struct thread, wait.link);
        if (released == count)
            break;
        if (!waits_at(thread, key) || (thread->wait.address.mask & mask) == 0 ||
            (to == NULL && !thread_claim_wait(thread)))
            continue;
        list_remove(node);
        if (to == NULL)
            thread_finish_wait(thread, 0);
        else
            enqueue_locked(thread, to);
        released++;
    }
    return released;
}

static uint32_t wake_locked(const struct key *key, uint32_t count, uint32_t mask)
{
    atomic_fetch_add(&bucket_of(key)->wakes, 1);
    return release_locked(key, count, mask, NULL);
}

static inline __attribute__((always_inline)) uint32_t wake(const struct key *key, uint32_t count,
                                                           uint32_t mask)
{
    struct bucket *bucket = bucket_of(key);
    lock_buckets(bucket, bucket);
    uint32_t woken = wake_locked(key, count, mask);
    unlock_buckets(bucket, bucket);
    return woken;
}

void address_wake_at(struct process *process, uint64_t address, uint32_t count)
{
    struct key shared, own;
    if (find_key(process, address, ADDRESS_SHARED, UINT32_MAX, &shared) != STATUS_OK ||
        find_key(process, address, 0, UINT32_MAX, &own) != STATUS_OK)
        return;
    uint32_t woken = wake(&shared, count, UINT32_MAX);
    if (own.object != shared.object)
        wake(&own, count - woken, UINT32_MAX);
}

/* Read a word and compare; WOULD_BLOCK if it differs. */
static enum status compare(uint64_t address, uint32_t expected)
{
    uint32_t value;
    enum status status = copy_in(&value, address, sizeof(value));
    return status == STATUS_OK && value != expected ? STATUS_WOULD_BLOCK : status;
}

static enum status wait_locked(struct thread *self, const struct key *key, uint32_t mask,
                               uint64_t deadline)
{
    relaxed_store(&self->wait.kind, WAIT_ADDRESS);
    relaxed_store(&self->wait.on, NULL);
    self->wait.cancel = cancel_wait;
    self->wait.address.mask = mask;
    enqueue_locked(self, key);
    enum status status = thread_begin_wait(self, deadline);
    if (status == STATUS_OK)
        return STATUS_BLOCKED;
    list_remove(&self->wait.link);
    relaxed_store(&self->wait.kind, WAIT_NONE);
    return status;
}

int64_t call_address_wait(struct thread *self, const struct address_wait_arguments *arguments)
{
    struct key key;
    enum status status =
        find_key(self->process, arguments->address, arguments->flags, arguments->mask, &key);
    if (status != STATUS_OK)
        return status_to_result(status);
    struct bucket *bucket = bucket_of(&key);
    uint64_t wakes = atomic_load(&bucket->wakes);
    status = compare(arguments->address, arguments->expected);
    if (status != STATUS_OK)
        return status_to_result(status);
    lock_buckets(bucket, bucket);
    if (atomic_load(&bucket->wakes) != wakes)
        status = STATUS_RESTART;
    else
        status = wait_locked(self, &key, arguments->mask, arguments->deadline);
    unlock_buckets(bucket, bucket);
    return status_to_result(status);
}

int64_t call_address_wake(struct thread *self, const struct address_wake_arguments *arguments)
{
    struct key key;
    enum status status =
        find_key(self->process, arguments->address, arguments->flags, arguments->mask, &key);
    if (status != STATUS_OK)
        return status_to_result(status);
    return wake(&key, arguments->count, arguments->mask);
}

static int64_t requeue(const struct requeue_request *request, const struct key *from,
                       const struct key *to)
{
    struct bucket *first = bucket_of(from), *second = bucket_of(to);
    uint64_t wakes = atomic_load(&first->wakes);
    enum status status = STATUS_OK;
    if (request->compare != 0)
        status = compare(request->from, request->expected);
    if (status != STATUS_OK)
        return status_to_result(status);
    int64_t result = status_to_result(STATUS_RESTART);
    lock_buckets(first, second);
    if (atomic_load(&first->wakes) == wakes) {
        result = wake_locked(from, request->wake, UINT32_MAX);
        result += release_locked(from, request->requeue, UINT32_MAX, to);
    }
    unlock_buckets(first, second);
    return result;
}

int64_t call_address_requeue(struct thread *self, const struct address_requeue_arguments *arguments)
{
    const struct requeue_request *request = arguments->request;
    struct key from, to;
    if ((request->flags & ~(uint32_t)ADDRESS_SHARED) != 0)
        return status_to_result(STATUS_INVALID);
    enum status status = find_key(self->process, request->from, request->flags, UINT32_MAX, &from);
    if (status == STATUS_OK)
        status = find_key(self->process, request->to, request->flags, UINT32_MAX, &to);
    if (status == STATUS_OK && from.object == to.object && from.offset == to.offset)
        status = STATUS_INVALID;
    return status == STATUS_OK ? requeue(request, &from, &to) : status_to_result(status);
}
