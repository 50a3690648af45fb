/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Three lists, in the manner of McKenney's classic RCU: `collecting` takes
 * what is deferred now; `waiting` is one batch that waits for every CPU whose
 * bit is in `unseen` to be outside the kernel; `ready` may be freed. When a
 * batch becomes ready the one collected meanwhile begins to wait.
 */
#include <kernel/rcu.h>

#include <kernel/cpu.h>
#include <kernel/lock.h>
#include <stddef.h>
#include <stdint.h>

#define FREE_LIMIT 32 /* at one time on the way out of the kernel */

static struct spinlock lock = SPINLOCK_INITIAL(LOCK_DEFERRED);
static struct deferred *collecting, *waiting, *ready; /* lock */
static uint64_t unseen;                               /* lock */
static _Atomic uint64_t outstanding;                  /* deferred and not yet freed */

void rcu_defer(struct deferred *deferred, void (*free)(struct deferred *deferred))
{
    deferred->free = free;
    lock_acquire(&lock);
    deferred->next = collecting;
    collecting = deferred;
    lock_release(&lock);
    atomic_fetch_add(&outstanding, 1);
}

static uint64_t all_cpus(void)
{
    return UINT64_MAX >> (64 - cpu_count());
}

/* This CPU is outside: a batch it was the last to be waited for is ready. */
static void advance_locked(void)
{
    unseen &= ~(UINT64_C(1) << cpu_current()->number);
    if (unseen != 0 || ready != NULL)
        return;
    ready = waiting;
    waiting = collecting;
    collecting = NULL;
    unseen = waiting != NULL ? all_cpus() : 0;
}

static struct deferred *take_ready(void)
{
    lock_acquire(&lock);
    struct deferred *deferred = ready;
    if (deferred != NULL)
        ready = deferred->next;
    lock_release(&lock);
    return deferred;
}

static __attribute__((noinline)) void free_some(void)
{
    lock_acquire(&lock);
    advance_locked();
    lock_release(&lock);
    for (unsigned i = 0; i < FREE_LIMIT; i++) {
        struct deferred *deferred = take_ready();
        if (deferred == NULL)
            return;
        atomic_fetch_sub(&outstanding, 1);
        deferred->free(deferred);
    }
}

void rcu_quiescent(void)
{
    if (atomic_load_explicit(&outstanding, memory_order_relaxed) != 0)
        free_some();
}
