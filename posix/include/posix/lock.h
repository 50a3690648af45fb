/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Locks among the threads of one library, and the gate that fork closes.
 *
 * A lock is held only over memory of the library and over requests that servers
 * answer at once; never while waiting for something to happen. Whoever holds one
 * is inside the gate, so that when fork has closed it and all have left, the
 * child's copy of the library is in order though the other threads are gone.
 */
#pragma once

#include <stdint.h>

struct task;

struct lock {
    uint32_t word; /* 0 free, 1 held, 2 held and somebody waits */
};

void lock_acquire(struct lock *lock);
void lock_release(struct lock *lock);

/* No task holds a lock, and none gets one, until gate_open. The caller must hold none. */
void gate_close(void);
void gate_open(void);
/* In the child of a fork: it is the only task. */
void gate_reset(void);
