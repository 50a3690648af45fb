/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Test-and-test-and-set locks. In debug builds the order is checked by a mask of
 * the classes this CPU holds: a lock may be taken when no bit at or above its
 * own stands; and a lock says who holds it. In others the uncontended case is
 * inline (lock.h).
 */
#include <kernel/lock.h>

#include <arch/cpu.h>
#include <kernel/cpu.h>
#include <kernel/log.h>

ARCH_COLD void lock_wait(struct spinlock *lock)
{
    for (uint32_t free = 0; !atomic_compare_exchange_weak(&lock->taken, &free, 1); free = 0)
        while (atomic_load_explicit(&lock->taken, memory_order_relaxed) != 0)
            arch_cpu_relax();
}

void lock_init(struct spinlock *lock, enum lock_class class)
{
    *lock = SPINLOCK_INITIAL(class);
}

#if TRELLIS_DEBUG
#define TAKEN_BY(cpu) ((cpu)->number + 2) /* in place of 1 as soon as it is */

static void check_order(const struct spinlock *lock)
{
    if (cpu_current()->lock_classes >> lock->class != 0)
        panic("lock order: class %u while classes %x are held", lock->class,
              cpu_current()->lock_classes);
}

static void note_taken(struct spinlock *lock)
{
    struct cpu *cpu = cpu_current();
    cpu->locks_held[lock->class]++;
    cpu->lock_classes |= 1u << lock->class;
    atomic_store_explicit(&lock->taken, TAKEN_BY(cpu), memory_order_relaxed);
}

void lock_acquire(struct spinlock *lock)
{
    check_order(lock);
    lock_wait(lock);
    note_taken(lock);
}

void lock_release(struct spinlock *lock)
{
    struct cpu *cpu = cpu_current();
    assert(lock_is_held(lock));
    if (--cpu->locks_held[lock->class] == 0)
        cpu->lock_classes &= ~(1u << lock->class);
    atomic_store_explicit(&lock->taken, 0, memory_order_release);
}

bool lock_is_held(const struct spinlock *lock)
{
    return atomic_load_explicit(&lock->taken, memory_order_relaxed) == TAKEN_BY(cpu_current());
}

bool lock_none_held(void)
{
    return cpu_current()->lock_classes == 0;
}
#endif

void lock_acquire_two(struct spinlock *first, struct spinlock *second)
{
    bool ordered = (uintptr_t)first < (uintptr_t)second;
    debug_assert(first != second && first->class == second->class);
    lock_acquire(ordered ? first : second);
#if TRELLIS_DEBUG
    cpu_current()->lock_classes &= ~(1u << first->class); /* for the other; it stands again then */
#endif
    lock_acquire(ordered ? second : first);
}
