/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Deferred freeing.
 *
 * A pointer found by a lookup in the kernel stays valid until this CPU leaves
 * the kernel: what loses its last reference is put on a list and freed once
 * every CPU has been seen outside (in user mode or idle) since. So lookups take
 * no reference; only what is stored beyond the current entry does.
 */
#pragma once

#include <stdbool.h>

struct deferred {
    struct deferred *next;
    void (*free)(struct deferred *deferred);
};

/* Have free(deferred) called after a grace period. Any lock may be held. */
void rcu_defer(struct deferred *deferred, void (*free)(struct deferred *deferred));

/* Called on the way out of the kernel and from idle, with no lock held: note
 * that this CPU was seen outside and free some of what is due (bounded work). */
void rcu_quiescent(void);

/* Whether anything is still to be freed. */
bool rcu_is_pending(void);

/* From here to rcu_wake, which an interrupt may call first, this CPU looks nothing up: it is not
 * waited for. No lock is held. */
void rcu_sleep(void);
void rcu_wake(void);
