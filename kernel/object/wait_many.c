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
    struct account *account; /* charged; the allocation holds the reference */
    _Atomic bool raised;
    struct deferred deferred;
    uint32_t count;
    struct target_observer {
        struct observer observer;
        struct signal_wait *wait;
    } observers[];
};

static size_t wait_size(uint32_t count)
{
    return sizeof(struct signal_wait) + count * sizeof(struct target_observer);
}

static void wait_detach(struct signal_wait *wait)
{
    for (uint32_t i = 0; i < wait->count; i++)
        observer_detach(&wait->observers[i].observer);
}

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

/* Whoever claimed the wait before us is in the kernel, and so is waited for by the grace period. */
static void wait_raised(struct observer *observer, uint32_t signals)
{
    struct signal_wait *wait = container_of(observer, struct target_observer, observer)->wait;
    if (atomic_exchange(&wait->raised, true))
        return;
    bool claimed = thread_claim_wait(wait->thread);
    rcu_defer(&wait->deferred, wait_free_deferred);
    if (claimed)
        thread_finish_wait(wait->thread, status_to_result(STATUS_RESTART));
}

/* Once detached no raise is under way: `raised` says for good who frees it. */
static void cancel_wait(struct thread *thread)
{
    struct signal_wait *wait = thread->wait.signals;
    wait_detach(wait);
    if (!atomic_load(&wait->raised))
        wait_free(wait);
}

static enum status wait_create(struct thread *thread, const struct signal_target *targets,
                               uint32_t count, struct signal_wait **result)
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
    for (uint32_t i = 0; i < count; i++) {
        wait->observers[i].wait = wait;
        wait->observers[i].observer = (struct observer){
            .object = targets[i].object, .mask = targets[i].mask, .raised = wait_raised};
        observer_attach(&wait->observers[i].observer);
    }
    *result = wait;
    return STATUS_OK;
}

/* The observers are in place before the wait begins, so a raise may come too early to end it. */
enum status signal_wait(struct thread *self, const struct signal_target *targets, uint32_t count,
                        uint64_t deadline)
{
    if (deadline == DEADLINE_NOW)
        return STATUS_TIMED_OUT;
    struct signal_wait *wait;
    enum status status = wait_create(self, targets, count, &wait);
    if (status != STATUS_OK)
        return status;
    self->wait.kind = WAIT_SIGNALS;
    self->wait.on = NULL;
    self->wait.cancel = cancel_wait;
    self->wait.signals = wait;
    status = thread_begin_wait(self, deadline);
    if (status != STATUS_OK) {
        cancel_wait(self);
        self->wait.kind = WAIT_NONE;
        return status;
    }
    if (atomic_load(&wait->raised) && thread_claim_wait(self))
        thread_finish_wait(self, status_to_result(STATUS_RESTART));
    return STATUS_BLOCKED;
}

/* Resolve the handles and note what stands; *standing: how many have something. */
static enum status look(struct thread *self, struct wait_item *items, struct signal_target *targets,
                        uint32_t count, uint32_t *standing)
{
    *standing = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct handle_view view;
        enum status status =
            handle_resolve(&self->process->handles, items[i].handle, OBJECT_ANY, RIGHT_WAIT, &view);
        if (status != STATUS_OK)
            return status;
        targets[i] = (struct signal_target){view.object, items[i].mask};
        items[i].fired = __atomic_load_n(&view.object->signals, __ATOMIC_RELAXED) & items[i].mask;
        *standing += items[i].fired != 0;
    }
    return STATUS_OK;
}

int64_t call_wait_many(struct thread *self, const struct wait_many_arguments *arguments)
{
    struct wait_item items[WAIT_MANY_MAX];
    struct signal_target targets[WAIT_MANY_MAX];
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
