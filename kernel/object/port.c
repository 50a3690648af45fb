/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Ports.
 *
 * What fires wakes every waiter, and each executes its call again: one that is
 * interrupted or ends before it does so takes nothing from the others. Nothing
 * is given out until the place it is copied to is known to be there.
 */
#include <kernel/port.h>

#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/copy.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/slab.h>
#include <kernel/thread.h>

static struct slab_cache port_cache = SLAB_CACHE("port", struct port);

static struct port *port_of(struct object *object)
{
    return container_of(object, struct port, object);
}

/* End the waits of all waiters. Port locked. */
static void wake_all(struct port *port, enum status result)
{
    list_for_each_safe(&port->waiters, node) {
        struct thread *thread = container_of(node, struct thread, wait.link);
        if (thread_claim_wait(thread)) {
            list_remove(node);
            thread_finish_wait(thread, status_to_result(result));
        }
    }
}

static void port_arrived(struct object *object)
{
    object_signal_locked(object, 0, SIGNAL_READABLE);
    wake_all(port_of(object), STATUS_RESTART);
}

void port_unreachable(struct object *object)
{
    struct port *port = port_of(object);
    observation_queue_clear(&port->queue);
    lock_acquire(&object->lock);
    wake_all(port, STATUS_CLOSED);
    lock_release(&object->lock);
}

void port_destroy(struct object *object)
{
    slab_free(&port_cache, object->account, port_of(object));
}

static enum status port_create(struct account *account, struct port **result)
{
    void *memory;
    enum status status = slab_allocate(&port_cache, account, &memory);
    if (status != STATUS_OK)
        return status;
    struct port *port = memory;
    object_init(&port->object, OBJECT_PORT, account);
    lock_init(&port->object.lock, LOCK_QUEUE);
    observation_queue_init(&port->queue, &port->object, port_arrived);
    list_init(&port->waiters);
    *result = port;
    return STATUS_OK;
}

int64_t call_port_create(struct thread *self, const struct port_create_arguments *arguments)
{
    struct port *port;
    enum status status = port_create(arguments->account, &port);
    if (status != STATUS_OK)
        return status_to_result(status);
    handle_t token;
    status = handle_insert(&self->process->handles, &port->object, NULL, RIGHT_ALL, 0, &token);
    object_release(&port->object);
    return status == STATUS_OK ? (int64_t)token : status_to_result(status);
}

static uint32_t port_take_locked(struct port *port, struct observation *results, uint32_t limit)
{
    uint32_t taken = observation_queue_take_many(&port->queue, results, limit);
    if (list_is_empty(&port->queue.fired))
        object_signal_locked(&port->object, SIGNAL_READABLE, 0);
    return taken;
}

static void cancel_wait(struct thread *thread)
{
    struct object *object = thread->wait.on;
    lock_acquire(&object->lock);
    list_remove(&thread->wait.link);
    lock_release(&object->lock);
}

static enum status wait_locked(struct thread *self, struct port *port, uint64_t deadline)
{
    if (port->queue.closed)
        return STATUS_CLOSED;
    self->wait.kind = WAIT_PORT;
    self->wait.on = &port->object;
    self->wait.cancel = cancel_wait;
    list_push_back(&port->waiters, &self->wait.link);
    enum status status = thread_begin_wait(self, deadline);
    if (status == STATUS_OK)
        return STATUS_BLOCKED;
    list_remove(&self->wait.link);
    return status;
}

/* Whether something was taken, or the thread waits, or neither. */
static enum status take_or_wait(struct thread *self, const struct port_wait_arguments *arguments,
                                struct observation *results, uint32_t *count)
{
    struct port *port = arguments->port;
    enum status status = STATUS_OK;
    lock_acquire(&port->object.lock);
    *count = port_take_locked(port, results, *count);
    if (*count == 0 && arguments->deadline == DEADLINE_NOW)
        status = STATUS_TIMED_OUT;
    else if (*count == 0)
        status = wait_locked(self, port, arguments->deadline);
    lock_release(&port->object.lock);
    return status;
}

int64_t call_port_wait(struct thread *self, const struct port_wait_arguments *arguments)
{
    struct observation results[PORT_WAIT_MAX];
    uint32_t count = arguments->count < PORT_WAIT_MAX ? (uint32_t)arguments->count : PORT_WAIT_MAX;
    if (count == 0)
        return status_to_result(STATUS_INVALID);
    enum status status = copy_prepare_out(arguments->observations, count * sizeof(results[0]));
    if (status == STATUS_OK)
        status = take_or_wait(self, arguments, results, &count);
    if (status == STATUS_OK)
        status = copy_out(arguments->observations, results, count * sizeof(results[0]));
    return status == STATUS_OK ? (int64_t)count : status_to_result(status);
}
