/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <kernel/object.h>

#include <kernel/account.h>
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

const struct object_operations object_operations[OBJECT_TYPE_COUNT] = {
    [OBJECT_PROCESS] = {.name = "process",
                        .destroy = process_destroy,
                        .unreachable = process_unreachable},
    [OBJECT_THREAD] = {.name = "thread", .destroy = thread_destroy},
    [OBJECT_ENDPOINT] = {.name = "endpoint",
                         .destroy = endpoint_destroy,
                         .opened = endpoint_opened,
                         .closed = endpoint_closed},
    [OBJECT_SESSION] = {.name = "session",
                        .destroy = session_destroy,
                        .unreachable = session_unreachable},
    [OBJECT_REPLY] = {.name = "reply", .destroy = reply_destroy, .unreachable = reply_unreachable},
    [OBJECT_EVENT] = {.name = "event", .destroy = event_destroy, .unreachable = event_unreachable},
    [OBJECT_PORT] = {.name = "port", .destroy = port_destroy, .unreachable = port_unreachable},
    [OBJECT_STREAM] = {.name = "stream",
                       .destroy = stream_destroy,
                       .opened = stream_opened,
                       .closed = stream_closed},
    [OBJECT_MEMORY] = {.name = "memory",
                       .destroy = memory_destroy,
                       .opened = memory_opened,
                       .closed = memory_closed},
    [OBJECT_ACCOUNT] = {.name = "account", .destroy = account_destroy},
    [OBJECT_INTERRUPT] = {.name = "interrupt",
                          .destroy = interrupt_destroy,
                          .unreachable = interrupt_unreachable},
    [OBJECT_IOPORT] = {.name = "ioport", .destroy = ioport_destroy},
    [OBJECT_IOSPACE] = {.name = "iospace", .destroy = iospace_destroy},
};

static _Atomic uint64_t last_id;

void object_init(struct object *object, enum object_type type, struct account *account)
{
    bool queue = type == OBJECT_PORT || type == OBJECT_ENDPOINT;

    atomic_init(&object->references, 1);
    atomic_init(&object->handles, 0);
    atomic_init(&object->deferral, DEFERRAL_NONE);
    object->type = (uint8_t)type;
    object->id = atomic_fetch_add(&last_id, 1) + 1;
    object->account = account;
    object->signals = 0;
    lock_init(&object->lock, queue ? LOCK_QUEUE : LOCK_OBJECT);
    list_init(&object->observers);
    list_init(&object->waiters);
    derivation_init_root(&object->root, object);
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
        atomic_store(&object->deferral, DEFERRAL_ONE);
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
