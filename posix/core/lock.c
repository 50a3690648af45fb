/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A lock is Drepper's three-state mutex ("Futexes Are Tricky", 2011) over native
 * address waits. The gate is a count of the tasks that hold locks, with a bit
 * that keeps new ones out while fork runs.
 */
#include <posix/lock.h>

#include <posix/task.h>
#include <trellis/native.h>
#include <trellis/status.h>

#define FREE 0
#define HELD 1
#define CONTENDED 2
#define GATE_CLOSED 0x80000000u
#define ANY_MASK UINT32_MAX

static uint32_t gate;

/* Returns early if the thread is marked interrupted: the caller looks again. */
static void wait_while(uint32_t *word, uint32_t value)
{
    int64_t result = native_address_wait((uint64_t)word, value, ANY_MASK, 0, DEADLINE_NEVER);
    if (status_of_result(result) == STATUS_INTERRUPTED)
        (void)native_thread_yield();
}

static void wake(uint32_t *word, uint32_t count)
{
    (void)native_address_wake((uint64_t)word, count, ANY_MASK, 0);
}

static void gate_enter(void)
{
    uint32_t value = __atomic_load_n(&gate, __ATOMIC_RELAXED);
    for (;;) {
        if ((value & GATE_CLOSED) != 0) {
            wait_while(&gate, value);
            value = __atomic_load_n(&gate, __ATOMIC_RELAXED);
        } else if (__atomic_compare_exchange_n(&gate, &value, value + 1, false, __ATOMIC_ACQUIRE,
                                               __ATOMIC_RELAXED)) {
            return;
        }
    }
}

static void gate_leave(void)
{
    if (__atomic_sub_fetch(&gate, 1, __ATOMIC_RELEASE) == GATE_CLOSED)
        wake(&gate, UINT32_MAX);
}

void gate_close(void)
{
    uint32_t value = __atomic_load_n(&gate, __ATOMIC_RELAXED);
    for (;;) {
        if ((value & GATE_CLOSED) != 0) {
            wait_while(&gate, value);
            value = __atomic_load_n(&gate, __ATOMIC_RELAXED);
        } else if (__atomic_compare_exchange_n(&gate, &value, value | GATE_CLOSED, false,
                                               __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            break;
        }
    }
    while ((value = __atomic_load_n(&gate, __ATOMIC_ACQUIRE)) != GATE_CLOSED)
        wait_while(&gate, value);
}

void gate_open(void)
{
    __atomic_and_fetch(&gate, ~GATE_CLOSED, __ATOMIC_RELEASE);
    wake(&gate, UINT32_MAX);
}

void gate_reset(void)
{
    gate = 0;
}

void lock_acquire(struct lock *lock)
{
    struct task *task = task_current();
    uint32_t expected = FREE;

    if (task->locks_held++ == 0)
        gate_enter();
    if (__atomic_compare_exchange_n(&lock->word, &expected, HELD, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&lock->word, CONTENDED, __ATOMIC_ACQUIRE) != FREE)
        wait_while(&lock->word, CONTENDED);
}

void lock_release(struct lock *lock)
{
    struct task *task = task_current();

    if (__atomic_exchange_n(&lock->word, FREE, __ATOMIC_RELEASE) == CONTENDED)
        wake(&lock->word, 1);
    if (--task->locks_held == 0)
        gate_leave();
}
