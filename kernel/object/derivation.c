/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Derivation trees and revocation.
 *
 * To revoke is to take the first child of the node again and again: it is
 * marked dead, which every lookup checks, its children are moved up to the
 * node, and it is cut off. So each step is short, nothing is recursive, and a
 * revocation that is broken off is simply begun again.
 */
#include <kernel/handle.h>

#include <kernel/call_arguments.h>
#include <kernel/ipc.h>
#include <kernel/memory.h>
#include <kernel/process.h>
#include <kernel/slab.h>
#include <kernel/thread.h>

#define REVOKE_STEP 64

static struct slab_cache derivation_cache = SLAB_CACHE("derivation", struct derivation);
static struct spinlock derivation_lock = SPINLOCK_INITIAL(LOCK_DERIVATION);

void derivation_init_root(struct derivation *derivation, struct object *object)
{
    list_init(&derivation->children);
    list_node_init(&derivation->sibling);
    derivation->object = object;
    atomic_init(&derivation->references, 1);
}

static bool is_root(const struct derivation *derivation)
{
    return derivation == &derivation->object->root;
}

static void derivation_acquire(struct derivation *derivation)
{
    if (!is_root(derivation))
        atomic_fetch_add(&derivation->references, 1);
}

bool derivation_try_acquire(struct derivation *derivation)
{
    if (is_root(derivation))
        return true;
    uint32_t references = atomic_load(&derivation->references);
    while (references != 0)
        if (atomic_compare_exchange_weak(&derivation->references, &references, references + 1))
            return true;
    return false;
}

static void free_derivation(struct deferred *deferred)
{
    struct derivation *derivation = container_of(deferred, struct derivation, deferred);
    slab_free(&derivation_cache, derivation->account, derivation);
}

void derivation_release(struct derivation *derivation)
{
    while (derivation != NULL && !is_root(derivation) &&
           atomic_fetch_sub(&derivation->references, 1) == 1) {
        lock_acquire(&derivation_lock);
        struct derivation *parent = derivation->parent;
        list_remove(&derivation->sibling);
        lock_release(&derivation_lock);
        rcu_defer(&derivation->deferred, free_derivation);
        derivation = parent;
    }
}

/* Below `parent`, one reference for the caller. REVOKED, NO_MEMORY. */
static enum status derivation_create(struct derivation *parent, struct account *account,
                                     struct derivation **result)
{
    struct derivation *derivation = slab_allocate(&derivation_cache, account);
    if (derivation == NULL)
        return STATUS_NO_MEMORY;
    derivation_init_root(derivation, parent->object);
    derivation->account = account;
    lock_acquire(&derivation_lock);
    bool dead = atomic_load(&parent->dead) || !derivation_try_acquire(parent);
    if (!dead) {
        derivation->parent = parent;
        list_push_back(&parent->children, &derivation->sibling);
    }
    lock_release(&derivation_lock);
    if (dead) {
        slab_free(&derivation_cache, account, derivation);
        return STATUS_REVOKED;
    }
    *result = derivation;
    return STATUS_OK;
}

/* One step; the child that was cut off, whose reference on `above` the caller drops, or NULL. Locked. */
static struct derivation *revoke_child(struct derivation *above, struct derivation *child)
{
    atomic_store_explicit(&child->dead, true, memory_order_release);
    struct list_node *first = list_first(&child->children);
    if (first != NULL) {
        struct derivation *grandchild = container_of(first, struct derivation, sibling);
        list_remove(&grandchild->sibling);
        list_push_back(&above->children, &grandchild->sibling);
        derivation_acquire(above);
        grandchild->parent = above;
        return child;
    }
    list_remove(&child->sibling);
    child->parent = NULL;
    return above;
}

/* True when no live descendant is left. */
static bool revoke_step(struct derivation *derivation)
{
    for (int step = 0; step < REVOKE_STEP; step++) {
        lock_acquire(&derivation_lock);
        struct list_node *first = list_first(&derivation->children);
        struct derivation *dropped = NULL;
        if (first != NULL)
            dropped = revoke_child(derivation, container_of(first, struct derivation, sibling));
        lock_release(&derivation_lock);
        if (first == NULL)
            return true;
        derivation_release(dropped);
    }
    return false;
}

/* What was made through the handles that have just died, and what waits by them: a step. */
static bool revoke_uses_step(struct object *object)
{
    object_rouse_waiters(object);
    if (object->type == OBJECT_MEMORY)
        return memory_unmap_revoked_step(container_of(object, struct memory, object));
    if (object->type == OBJECT_SESSION)
        endpoint_end_revoked(container_of(object, struct session, object)->endpoint);
    else if (object->type == OBJECT_ENDPOINT)
        endpoint_end_revoked(container_of(object, struct endpoint, object));
    return true;
}

int64_t call_handle_revoke(struct thread *self, const struct handle_revoke_arguments *arguments)
{
    struct handle_view view;

    enum status status =
        handle_resolve(&self->process->handles, arguments->handle, OBJECT_ANY, RIGHT_DERIVE, &view);
    if (status != STATUS_OK)
        return status_to_result(status);
    bool done = revoke_step(view.derivation);
    done = revoke_uses_step(view.object) && done;
    return status_to_result(done ? STATUS_OK : STATUS_RESTART);
}

int64_t call_handle_derive(struct thread *self, const struct handle_derive_arguments *arguments)
{
    struct handle_table *table = &self->process->handles;
    struct handle_view view;
    handle_t token;

    enum status status =
        handle_resolve(table, arguments->handle, OBJECT_ANY, RIGHT_DERIVE | RIGHT_COPY, &view);
    if (status == STATUS_OK)
        status = handle_meet_rights(&view.rights, arguments->rights);
    view.flags &= HANDLE_NOT_CLONED;
    if (status == STATUS_OK)
        status = derivation_create(view.derivation, self->process->account, &view.derivation);
    if (status != STATUS_OK)
        return status_to_result(status);
    status = handle_insert(table, &view, &token);
    derivation_release(view.derivation);
    return status == STATUS_OK ? (int64_t)token : status_to_result(status);
}
