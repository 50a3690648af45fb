/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Three lists, in the manner of McKenney's classic RCU: `collecting` takes
 * what is deferred now; `waiting` is one batch that waits for every CPU whose
 * bit is in `unseen` to be outside the kernel; `ready` may be freed. When a
 * batch becomes ready the one collected meanwhile begins to wait.
 *
 * A CPU that sleeps is outside and is not waited for. One that runs a program
 * which never calls is interrupted when a batch has waited for it too long.
 */
#include <kernel/rcu.h>

#include <kernel/cpu.h>
#include <kernel/lock.h>
#include <kernel/time.h>
#include <stddef.h>
#include <stdint.h>

#define FREE_LIMIT 32 /* at one time on the way out of the kernel */
#define PATIENCE_NS UINT64_C(10000000)

static struct spinlock lock = SPINLOCK_INITIAL(LOCK_DEFERRED);
static struct deferred *collecting, *waiting, *ready; /* lock */
static uint64_t unseen, sleeping;                     /* lock; a bit for each CPU */
static uint64_t waiting_since;       /* lock; or since CPUs were interrupted for it */
static _Atomic uint64_t outstanding; /* deferred and not yet freed */

void rcu_defer(struct deferred *deferred, void (*free)(struct deferred *deferred))
{
    deferred->free = free;
    lock_acquire(&lock);
    deferred->next = collecting;
    collecting = deferred;
    lock_release(&lock);
    atomic_fetch_add(&outstanding, 1);
}

static void interrupt_unseen_locked(void)
{
    uint64_t now = time_now();
    if (now - waiting_since < PATIENCE_NS)
        return;
    waiting_since = now;
    for (uint64_t left = unseen; left != 0; left &= left - 1)
        arch_cpu_poke(cpu_get((uint32_t)__builtin_ctzll(left)));
}

/* This CPU is outside: a batch it was the last to be waited for is ready. */
static void advance_locked(void)
{
    unseen &= ~cpu_current()->bit;
    if (unseen != 0)
        interrupt_unseen_locked();
    if (unseen != 0 || ready != NULL)
        return;
    ready = waiting;
    waiting = collecting;
    collecting = NULL;
    if (waiting == NULL)
        return;
    unseen = UINT64_MAX >> (64 - cpu_count()) & ~sleeping;
    waiting_since = time_now();
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

bool rcu_is_pending(void)
{
    return atomic_load_explicit(&outstanding, memory_order_relaxed) != 0;
}

void rcu_quiescent(void)
{
    if (rcu_is_pending())
        free_some();
}

void rcu_sleep(void)
{
    lock_acquire(&lock);
    sleeping |= cpu_current()->bit;
    unseen &= ~cpu_current()->bit;
    lock_release(&lock);
    cpu_current()->asleep = true;
}

void rcu_wake(void)
{
    if (!cpu_current()->asleep)
        return;
    cpu_current()->asleep = false;
    lock_acquire(&lock);
    sleeping &= ~cpu_current()->bit;
    lock_release(&lock);
}
