/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Waiting for the signals of several objects at once.
 *
 * The call looks at levels. If none stands, the thread observes each object in a
 * queue of its own and waits; the first to fire ends the wait, and the call is
 * executed again and looks anew. So nothing is written to the caller's memory by
 * anybody else, and a level that has gone by then is waited for again, until the
 * same deadline.
 */
#include <kernel/signal.h>

#include <kernel/call_arguments.h>
#include <kernel/copy.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/thread.h>

/* The queue is locked, and its observations are all of this wait. */
static void signalled(struct object *owner)
{
    struct thread *thread = container_of(owner, struct thread, object);
    ordered_store(&thread->signalled, true);
    observation_queue_clear_locked(&thread->observations);
    if (thread_claim_wait(thread))
        thread_finish_wait(thread, status_to_result(STATUS_RESTART));
}

static void cancel_wait(struct thread *thread)
{
    observation_queue_clear(&thread->observations);
}

static enum status observe_targets(struct thread *self, const struct observation_request *targets,
                                   uint32_t count)
{
    if (self->observations.owner == NULL) {
        lock_init(&self->observations_lock, LOCK_ADDRESS);
        observation_queue_init(&self->observations, &self->object, &self->observations_lock, NULL,
                               signalled);
    }
    atomic_store_explicit(&self->signalled, false, memory_order_release);
    for (uint32_t i = 0; i < count; i++) {
        enum status status = observation_add(&self->observations, &targets[i]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* One may fire before the wait begins, even while others are still added, and cannot end it yet. */
enum status signal_wait(struct thread *self, const struct observation_request *targets,
                        uint32_t count, uint64_t deadline)
{
    if (count == 1)
        return signal_wait_one(self, targets, deadline, false);
    if (deadline == DEADLINE_NOW)
        return STATUS_TIMED_OUT;
    enum status status = observe_targets(self, targets, count);
    relaxed_store(&self->wait.kind, WAIT_SIGNALS);
    relaxed_store(&self->wait.on, NULL);
    self->wait.cancel = cancel_wait;
    if (status == STATUS_OK)
        status = thread_begin_wait(self, deadline);
    if (status != STATUS_OK) {
        cancel_wait(self);
        relaxed_store(&self->wait.kind, WAIT_NONE);
        return status;
    }
    if (atomic_load(&self->signalled) && thread_claim_wait(self))
        thread_abort_wait(self, STATUS_RESTART);
    return STATUS_BLOCKED;
}

/* Resolve the handles and note what stands; *standing: how many have something. */
static enum status look(struct thread *self, struct wait_item *items,
                        struct observation_request *targets, uint32_t count, uint32_t *standing)
{
    *standing = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct handle_view view;
        enum status status =
            handle_resolve(&self->process->handles, items[i].handle, OBJECT_ANY, RIGHT_WAIT, &view);
        if (status != STATUS_OK)
            return status;
        targets[i] = (struct observation_request){
            .object = view.object, .mask = items[i].mask, .derivation = view.derivation};
        items[i].fired = relaxed_load(&view.object->signals) & items[i].mask;
        *standing += items[i].fired != 0;
    }
    return STATUS_OK;
}

int64_t call_wait_many(struct thread *self, const struct wait_many_arguments *arguments)
{
    struct wait_item items[WAIT_MANY_MAX];
    struct observation_request targets[WAIT_MANY_MAX];
    if (arguments->count > WAIT_MANY_MAX)
        return status_to_result(STATUS_OUT_OF_RANGE);
    uint32_t count = (uint32_t)arguments->count, standing;
    enum status status = copy_in(items, arguments->items, count * sizeof(items[0]));
    if (status == STATUS_OK)
        status = look(self, items, targets, count, &standing);
    if (status != STATUS_OK)
        return status_to_result(status);
    if (standing == 0)
        return status_to_result(signal_wait(self, targets, count, arguments->deadline));
    status = copy_out(arguments->items, items, count * sizeof(items[0]));
    return status == STATUS_OK ? (int64_t)standing : status_to_result(status);
}
