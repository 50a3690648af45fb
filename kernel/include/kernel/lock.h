/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Spinlocks with a checked order.
 *
 * The kernel runs with interrupts off, so a lock is only ever waited for by
 * another CPU. Each lock has a class; a CPU may only acquire a lock whose class
 * is above every class it holds, except for two of one class, which
 * lock_acquire_two takes by address. Debug builds panic on any other order.
 * docs/locking.md explains the order; this enum is it.
 */
#pragma once

#include <arch/cpu_state.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum lock_class {
    LOCK_DERIVATION, /* the derivation trees, all of them: derive, revoke, last close */
    LOCK_HANDLES,    /* one process' handle table */
    LOCK_SPACE,      /* one address space: its mappings */
    LOCK_OBJECT, /* one process, event, stream, memory object, thread ...: its state and observers */
    LOCK_QUEUE,  /* one port or endpoint: what is queued at it */
    LOCK_ADDRESS,   /* one bucket of address waits; the signals one thread waits for */
    LOCK_BUDGET,    /* one budget: its period and timer */
    LOCK_TIMER,     /* one CPU's timers */
    LOCK_RUN_QUEUE, /* one CPU's run queue */
    LOCK_SLAB,      /* one object cache */
    LOCK_PAGES,     /* the page allocator */
    LOCK_DEFERRED,  /* the list of objects to free */
    LOCK_DEVICE,    /* the interrupt controller's registers */
    LOCK_LOG,
    LOCK_CLASS_COUNT
};

struct spinlock {
    _Atomic uint32_t taken; /* not 0: it is; lock.c knows more in debug builds */
    uint8_t class;          /* enum lock_class */
};

#define SPINLOCK_INITIAL(lock_class) ((struct spinlock){.taken = 0, .class = (lock_class)})

void lock_init(struct spinlock *lock, enum lock_class class);
/* Takes it when it is free, unchecked: for lock_acquire. */
ARCH_COLD void lock_wait(struct spinlock *lock);
#if TRELLIS_DEBUG || defined(TRELLIS_HOST_TEST)
void lock_acquire(struct spinlock *lock);
void lock_release(struct spinlock *lock);
#else
static inline void lock_acquire(struct spinlock *lock)
{
    if (atomic_exchange_explicit(&lock->taken, 1, memory_order_acquire) != 0)
        lock_wait(lock);
}

static inline void lock_release(struct spinlock *lock)
{
    atomic_store_explicit(&lock->taken, 0, memory_order_release);
}
#endif
/* Two different locks of one class, in the order of their addresses. */
void lock_acquire_two(struct spinlock *first, struct spinlock *second);
/* For assertions of debug builds: this CPU holds it; it holds none at all. */
bool lock_is_held(const struct spinlock *lock);
bool lock_none_held(void);
