/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Waiting for the signals of several objects at once.
 *
 * The call looks at levels. If none stands it hangs one observer on each object
 * and waits; the first raise ends the wait, and the call is executed again and
 * looks anew. So nothing is written to the caller's memory by anybody else, and
 * a level that has gone by then is waited for again, until the same deadline.
 *
 * The observers are taken down by one party: by the raise that comes first,
 * after a grace period, or, if there was none, by whoever cancels the wait.
 */
#include <kernel/signal.h>

#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/copy.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/slab.h>
#include <kernel/thread.h>

struct signal_wait {
    struct thread *thread;   /* looked at by the first raise only, while it waits */
    _Atomic bool raised;
    struct account *account; /* charged; the allocation holds the reference */
    struct deferred deferred;
    uint32_t count;
    struct wait_observer {
        struct observer observer;
        struct signal_wait *wait;
    } observers[];
};

static size_t wait_size(uint32_t count)
{
    return sizeof(struct signal_wait) + count * sizeof(struct wait_observer);
}

static void wait_detach(struct signal_wait *wait)
{
    for (uint32_t i = 0; i < wait->count; i++)
        observer_detach(&wait->observers[i].observer);
}

/* Detached. */
static void wait_free(struct signal_wait *wait)
{
    for (uint32_t i = 0; i < wait->count; i++)
        observer_release(&wait->observers[i].observer);
    memory_free(wait->account, wait, wait_size(wait->count));
}

static void wait_free_deferred(struct deferred *deferred)
{
    struct signal_wait *wait = container_of(deferred, struct signal_wait, deferred);
    wait_detach(wait);
    wait_free(wait);
}

static void wait_raised(struct observer *observer, uint32_t signals)
{
    (void)signals;
    struct signal_wait *wait = container_of(observer, struct wait_observer, observer)->wait;
    if (atomic_exchange(&wait->raised, true))
        return;
    rcu_defer(&wait->deferred, wait_free_deferred);
    if (thread_claim_wait(wait->thread))
        thread_finish_wait(wait->thread, status_to_result(STATUS_RESTART));
}

/* Once detached no raise is under way, so `raised` says for good whose the rest is. */
static void wait_take_down(struct signal_wait *wait)
{
    wait_detach(wait);
    if (!atomic_load(&wait->raised))
        wait_free(wait);
}

static void cancel_wait(struct thread *thread)
{
    if (thread->wait.signals != NULL)
        wait_take_down(thread->wait.signals);
}

static enum status wait_create(struct thread *thread, uint32_t count, struct signal_wait **result)
{
    struct account *account = thread->process->account;
    void *memory;
    enum status status = memory_allocate(account, wait_size(count), &memory);
    if (status != STATUS_OK)
        return status;
    struct signal_wait *wait = memory;
    wait->thread = thread;
    wait->account = account;
    wait->count = count;
    *result = wait;
    return STATUS_OK;
}

static void wait_attach(struct signal_wait *wait, const struct wait_item *items,
                        struct object *const *objects)
{
    for (uint32_t i = 0; i < wait->count; i++) {
        struct wait_observer *own = &wait->observers[i];
        own->wait = wait;
        own->observer = (struct observer){
            .object = objects[i], .mask = items[i].mask, .raised = wait_raised};
        observer_attach(&own->observer);
    }
}

/* The observers are in place before the wait begins, so a raise may come too
 * early to claim it: then it is ended here. */
static enum status wait_begin(struct thread *self, struct signal_wait *wait, uint64_t deadline)
{
    self->wait.kind = WAIT_SIGNALS;
    self->wait.on = NULL;
    self->wait.cancel = cancel_wait;
    self->wait.signals = wait;
    enum status status = thread_begin_wait(self, deadline);
    if (status != STATUS_OK) {
        cancel_wait(self);
        return status;
    }
    if (wait != NULL && atomic_load(&wait->raised) && thread_claim_wait(self))
        thread_finish_wait(self, status_to_result(STATUS_RESTART));
    return STATUS_BLOCKED;
}

static enum status wait_for_signals(struct thread *self, const struct wait_item *items,
                                    struct object *const *objects, uint32_t count,
                                    uint64_t deadline)
{
    struct signal_wait *wait = NULL;
    if (count != 0) {
        enum status status = wait_create(self, count, &wait);
        if (status != STATUS_OK)
            return status;
        wait_attach(wait, items, objects);
    }
    return wait_begin(self, wait, deadline);
}

/* Resolve the handles and note what stands; returns how many have something. */
static enum status look(struct thread *self, struct wait_item *items, struct object **objects,
                        uint32_t count, uint32_t *standing)
{
    *standing = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct handle_view view;
        enum status status = handle_resolve(&self->process->handles, items[i].handle, OBJECT_ANY,
                                            RIGHT_WAIT, &view);
        if (status != STATUS_OK)
            return status;
        objects[i] = view.object;
        items[i].fired = __atomic_load_n(&view.object->signals, __ATOMIC_RELAXED) & items[i].mask;
        *standing += items[i].fired != 0;
    }
    return STATUS_OK;
}

int64_t call_wait_many(struct thread *self, const struct wait_many_arguments *arguments)
{
    struct wait_item items[WAIT_MANY_MAX];
    struct object *objects[WAIT_MANY_MAX];
    if (arguments->count > WAIT_MANY_MAX)
        return status_to_result(STATUS_OUT_OF_RANGE);
    uint32_t count = (uint32_t)arguments->count, standing;
    enum status status = copy_in(items, arguments->items, count * sizeof(items[0]));
    if (status == STATUS_OK)
        status = look(self, items, objects, count, &standing);
    if (status != STATUS_OK)
        return status_to_result(status);
    if (standing != 0)
        status = copy_out(arguments->items, items, count * sizeof(items[0]));
    else if (arguments->deadline == DEADLINE_NOW)
        status = STATUS_TIMED_OUT;
    else
        status = wait_for_signals(self, items, objects, count, arguments->deadline);
    return status == STATUS_OK ? (int64_t)standing : status_to_result(status);
}
