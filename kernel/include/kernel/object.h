/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What all kernel objects have in common: type, references, handles, signals.
 *
 * `references` counts pointers stored in kernel structures, a handle being one.
 * At zero the type's `destroy` runs after a grace period (rcu.h), unless somebody
 * who had just looked the object up has taken a reference meanwhile: then it lives
 * on. `handles` counts handles only: at zero the type's `unreachable` runs at once.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <kernel/lock.h>
#include <kernel/rcu.h>
#include <kernel/slab.h>
#include <kernel/status.h>
#include <list/list.h>
#include <trellis/object.h>

struct account;
struct object;

/* A place in a derivation tree (handle.h). */
struct derivation {
    struct derivation *parent;   /* derivation lock */
    struct list children;        /* derivation lock */
    struct list_node sibling;    /* derivation lock; in parent->children */
    struct object *object;       /* constant */
    _Atomic uint32_t references; /* handles and children */
    _Atomic bool dead;           /* set once, under the derivation lock */
    struct account *account;     /* charged; constant; the slab holds the reference */
    struct deferred deferred;
};

/* Whether a grace period is waited for: one, or when it is over one more. */
enum object_deferral { DEFERRAL_NONE, DEFERRAL_ONE, DEFERRAL_AGAIN };

struct object {
    _Atomic uint32_t references;
    _Atomic uint32_t handles;
    _Atomic uint8_t deferral; /* enum object_deferral */
    uint8_t type;             /* enum object_type; constant */
    uint64_t id;              /* constant, unique */
    struct account *account;  /* charged for it; a reference; constant */
    struct spinlock lock;     /* LOCK_OBJECT, or LOCK_QUEUE for ports and endpoints */
    uint32_t signals;         /* object.lock; level bits */
    struct list observers;    /* object.lock; of struct observer */
    struct list waiters;      /* object.lock; threads that wait for nothing else, by wait.link */
    struct derivation root;   /* what every underived handle hangs from */
    struct deferred deferred;
};

/* Per type; the table is in object.c, indexed by enum object_type. */
struct object_operations {
    struct slab_cache *cache; /* where it comes from; its `object` is this far behind the start */
    size_t offset;
    void (*destroy)(struct object *object); /* frees it; nothing can reach it any more */
    /* The last handle has gone. May be NULL. No locks are held. */
    void (*unreachable)(struct object *object);
    /* A handle with these rights was made or has gone (stream ends). May be NULL. No locks are held
     * but, in `opened`, those of handle tables. */
    void (*opened)(struct object *object, uint32_t rights);
    void (*closed)(struct object *object, uint32_t rights);
};
extern const struct object_operations object_operations[OBJECT_TYPE_COUNT];

/*
 * Rights of the first handle to a new account or process: all, but IDENTITY and
 * RESERVE only if the handle it was made from has them.
 */
static inline uint32_t object_rights_of_new(uint32_t rights_of_source)
{
    return RIGHT_ALL & (rights_of_source | ~(uint32_t)(RIGHT_IDENTITY | RIGHT_RESERVE));
}

/* One of that type, zeroed but for its `object`, charged to `account`, with one reference for
 * the caller; or NULL without memory. */
void *object_create(enum object_type type, struct account *account) must_check;
/* For `destroy`, and for what was never shown to anybody. */
void object_free(struct object *object);
void object_acquire(struct object *object);
void object_release(struct object *object);

/*
 * Raise and clear signals, waking who observes them (signal.h). Edge observers
 * fire for a raised bit even if it stood already. object_signal takes the
 * object's lock, the other expects it held.
 */
void object_signal(struct object *object, uint32_t clear, uint32_t set);
void object_signal_locked(struct object *object, uint32_t clear, uint32_t set);
