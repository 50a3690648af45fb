/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Ports.
 *
 * A port has SIGNAL_READABLE while something may be queued, and to wait at it
 * is to wait for that signal: each waiter then executes its call again, so one
 * that is interrupted or ends before it does takes nothing from the others.
 * Nothing is given out until the place it is copied to is known to be there.
 */
#include <kernel/port.h>

#include <kernel/call_arguments.h>
#include <kernel/copy.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/thread.h>

static void port_arrived(struct object *object)
{
    object_signal_locked(object, 0, SIGNAL_READABLE);
}

/* Who still waits looks again, and finds the handle closed. */
void port_unreachable(struct object *object)
{
    observation_queue_retire(&container_of(object, struct port, object)->queue);
    object_signal(object, 0, SIGNAL_READABLE);
}

static void port_free(struct deferred *retired)
{
    struct port *port = container_of(retired, struct port, queue.retired);
    object_free(&port->object);
}

void port_destroy(struct object *object)
{
    observation_queue_end(&container_of(object, struct port, object)->queue, port_free);
}

int64_t call_port_create(struct thread *self, const struct port_create_arguments *arguments)
{
    struct port *port = object_create(OBJECT_PORT, arguments->account);
    if (port == NULL)
        return status_to_result(STATUS_NO_MEMORY);
    observation_queue_init(&port->queue, &port->object, &port->object.lock, &port->keys,
                           port_arrived);
    return handle_of_created(&self->process->handles, &port->object, RIGHT_ALL);
}

static uint32_t take(struct port *port, struct observation *results, uint32_t limit)
{
    lock_acquire(&port->object.lock);
    uint32_t taken = observation_queue_take_many(&port->queue, results, limit);
    if (list_is_empty(&port->queue.fired) && atomic_load(&port->object.handles) != 0)
        object_signal_locked(&port->object, SIGNAL_READABLE, 0);
    lock_release(&port->object.lock);
    return taken;
}

int64_t call_port_wait(struct thread *self, const struct port_wait_arguments *arguments)
{
    struct observation results[PORT_WAIT_MAX];
    uint32_t limit = arguments->count < PORT_WAIT_MAX ? (uint32_t)arguments->count : PORT_WAIT_MAX;
    if (limit == 0)
        return status_to_result(STATUS_INVALID);
    enum status status = copy_prepare_out(arguments->observations, limit * sizeof(results[0]));
    if (status != STATUS_OK)
        return status_to_result(status);
    uint32_t taken = take(arguments->port, results, limit);
    if (taken == 0) {
        const struct observation_request target = {.object = &arguments->port->object,
                                                   .mask = SIGNAL_READABLE,
                                                   .derivation = arguments->port_derivation};
        return status_to_result(signal_wait_one(self, &target, arguments->deadline, false));
    }
    status = copy_out(arguments->observations, results, taken * sizeof(results[0]));
    return status == STATUS_OK ? (int64_t)taken : status_to_result(status);
}
