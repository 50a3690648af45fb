/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <kernel/object.h>

#include <kernel/account.h>
#include <kernel/budget.h>
#include <kernel/event.h>
#include <kernel/handle.h>
#include <kernel/interrupt.h>
#include <kernel/ioport.h>
#include <kernel/iospace.h>
#include <kernel/ipc.h>
#include <kernel/log.h>
#include <kernel/memory.h>
#include <kernel/port.h>
#include <kernel/process.h>
#include <kernel/stream.h>
#include <kernel/thread.h>

#define CACHE(type)                                                                                \
    .cache = &SLAB_CACHE(#type, struct type), .offset = offsetof(struct type, object)

const struct object_operations object_operations[OBJECT_TYPE_COUNT] = {
    [OBJECT_PROCESS] = {CACHE(process), .destroy = process_destroy,
                        .unreachable = process_unreachable},
    [OBJECT_THREAD] = {CACHE(thread), .destroy = thread_destroy},
    [OBJECT_ENDPOINT] = {CACHE(endpoint), .destroy = endpoint_destroy, .opened = endpoint_opened,
                         .closed = endpoint_closed},
    [OBJECT_SESSION] = {CACHE(session), .destroy = session_destroy,
                        .unreachable = session_unreachable},
    [OBJECT_REPLY] = {CACHE(reply), .destroy = reply_destroy, .unreachable = reply_unreachable},
    [OBJECT_EVENT] = {CACHE(event), .destroy = event_destroy, .unreachable = event_unreachable},
    [OBJECT_PORT] = {CACHE(port), .destroy = port_destroy, .unreachable = port_unreachable},
    [OBJECT_STREAM] = {CACHE(stream), .destroy = stream_destroy, .opened = stream_opened,
                       .closed = stream_closed},
    [OBJECT_MEMORY] = {CACHE(memory), .destroy = memory_destroy, .opened = memory_opened,
                       .closed = memory_closed},
    [OBJECT_BUDGET] = {CACHE(budget), .destroy = object_free, .unreachable = budget_unreachable},
    [OBJECT_ACCOUNT] = {CACHE(account), .destroy = account_destroy},
    [OBJECT_INTERRUPT] = {CACHE(interrupt), .destroy = object_free,
                          .unreachable = interrupt_unreachable},
    [OBJECT_IOPORT] = {CACHE(ioport), .destroy = object_free},
    [OBJECT_IOSPACE] = {CACHE(iospace), .destroy = object_free},
};

static _Atomic uint64_t last_id;

static void object_init(struct object *object, enum object_type type, struct account *account)
{
    bool queue = type == OBJECT_PORT || type == OBJECT_ENDPOINT;

    atomic_init(&object->references, 1);
    object->type = (uint8_t)type;
    object->id = atomic_fetch_add(&last_id, 1) + 1;
    object->account = account;
    lock_init(&object->lock, queue ? LOCK_QUEUE : LOCK_OBJECT);
    list_init(&object->observers);
    list_init(&object->waiters);
    derivation_init_root(&object->root, object);
}

void *object_create(enum object_type type, struct account *account)
{
    const struct object_operations *operations = &object_operations[type];
    char *memory = slab_allocate(operations->cache, account);
    if (memory != NULL)
        object_init((struct object *)(memory + operations->offset), type, account);
    return memory;
}

void object_free(struct object *object)
{
    const struct object_operations *operations = &object_operations[object->type];
    slab_free(operations->cache, object->account, (char *)object - operations->offset);
}

void object_acquire(struct object *object)
{
    atomic_fetch_add(&object->references, 1);
}

/*
 * The count may have gone up and down to zero again since the grace period began: then one
 * that begins now is needed, for whoever found the object in between.
 */
static void destroy(struct deferred *deferred)
{
    struct object *object = container_of(deferred, struct object, deferred);
    uint8_t once = DEFERRAL_ONE;
    bool used = atomic_load(&object->references) != 0;
    if (!used && atomic_load(&object->deferral) == DEFERRAL_ONE) {
        object_operations[object->type].destroy(object);
    } else if (!atomic_compare_exchange_strong(&object->deferral, &once, DEFERRAL_NONE)) {
        atomic_store_explicit(&object->deferral, DEFERRAL_ONE, memory_order_release);
        rcu_defer(deferred, destroy);
    }
}

void object_release(struct object *object)
{
    uint32_t before = atomic_fetch_sub(&object->references, 1);
    debug_assert(before > 0);
    if (before != 1)
        return;
    uint8_t deferral = atomic_load(&object->deferral), next;
    do
        next = deferral == DEFERRAL_NONE ? DEFERRAL_ONE : DEFERRAL_AGAIN;
    while (!atomic_compare_exchange_weak(&object->deferral, &deferral, next));
    if (deferral == DEFERRAL_NONE)
        rcu_defer(&object->deferred, destroy);
}
