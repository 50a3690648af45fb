/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The plain call and its answer: words in registers only, no deadline, the other
 * side waiting. The CPU goes straight from one thread to the other with the
 * caller's turn, priority and account; no queue is touched and no clock is read.
 *
 * Each function first finds out whether this is such a case, then does it in
 * steps that cannot fail. The other thread is held before its wait is claimed, so
 * that nobody else loads it and nothing is left to be looked at when it runs: who
 * wants something of it from then on interrupts this CPU. The endpoint's lock is
 * let go only when both threads are as they are to be seen. What it does is what
 * ipc.c does in general.
 */
#include <kernel/ipc.h>

#include <kernel/account.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler_queue.h>
#include <trellis/message.h>

/* With the endpoint locked: who revokes ends the waits at it after that. */
static inline bool is_live(const struct derivation *derivation)
{
    return !atomic_load_explicit(&derivation->dead, memory_order_relaxed);
}

/* Of a thread that this CPU holds. `state` says which wait it is expected in. */
static inline bool claim(struct thread *thread, uint32_t state)
{
    return atomic_compare_exchange_strong(&thread->wait_state, &state, WAIT_STATE_ENDED);
}

/* From the last store, and the release of the endpoint, on others may end the wait and write to
 * its registers: whatever is told of the thread is so before. */
static inline void begin_wait(struct thread *self, struct endpoint *endpoint, enum wait_kind kind)
{
    bool receives = kind == WAIT_RECEIVE;
    relaxed_store(&self->wait.kind, kind);
    relaxed_store(&self->wait.on, &endpoint->object);
    self->wait.cancel = receives ? ipc_cancel_receive : ipc_cancel_call;
    atomic_store_explicit(&self->runnable, false, memory_order_relaxed);
    atomic_store_explicit(&self->wait_state,
                          receives ? WAIT_STATE_INTERRUPTIBLE : WAIT_STATE_WAITING,
                          memory_order_release);
}

/* The result of either call is 0, which the entry code sees to. Who sees that it may run sees who
 * holds it. */
static inline void end_wait(const struct cpu *cpu, struct thread *thread)
{
    atomic_store_explicit(&thread->cpu, cpu->number, memory_order_relaxed);
    relaxed_store(&thread->wait.kind, WAIT_NONE);
    atomic_store_explicit(&thread->wait_state, WAIT_STATE_NONE, memory_order_relaxed);
    atomic_store_explicit(&thread->runnable, true, memory_order_release);
}

struct thread *ipc_fast_call(handle_t token, struct thread *self)
{
    struct cpu *cpu = cpu_current();
    struct object *object =
        handle_recall(&self->process->handles, token, OBJECT_SESSION, RIGHT_WRITE, &self->called);
    if (object == NULL)
        return NULL;
    const struct session *session = container_of(object, struct session, object);
    struct endpoint *endpoint = session->endpoint;
    struct thread *server = relaxed_load(&endpoint->receiver);
    if (self->messages == 0) {
        account_pay_messages(self->process->account, &self->messages);
        if (self->messages == 0)
            return NULL;
    }
    if (server == NULL || !scheduler_hold(cpu, server))
        return NULL;
    lock_acquire(&endpoint->object.lock);
    if (endpoint->receiver != server || !is_live(self->called.derivation) ||
        !claim(server, WAIT_STATE_INTERRUPTIBLE)) {
        lock_release(&endpoint->object.lock);
        scheduler_let_go(server);
        return NULL;
    }
    relaxed_store(&endpoint->receiver, NULL);
    self->messages--;
    relaxed_store(&self->server, server);
    relaxed_store(&server->client, self);
    uint32_t lent = relaxed_load(&self->effective), own = relaxed_load(&server->priority);
    relaxed_store(&server->effective, lent > own ? lent : own);
    arch_message_set_source(server, session->badge, self->identity);
    _Static_assert(RECEIVED_CALL == 0, "the result");
    end_wait(cpu, server);
    begin_wait(self, endpoint, WAIT_REPLY);
    lock_release(&endpoint->object.lock);
    scheduler_switch(cpu, self, server);
    return server;
}

struct thread *ipc_fast_reply_and_wait(handle_t token, struct thread *self)
{
    struct cpu *cpu = cpu_current();
    struct thread *client = relaxed_load(&self->client);
    struct object *object =
        handle_recall(&self->process->handles, token, OBJECT_ENDPOINT, RIGHT_READ, &self->received);
    struct endpoint *endpoint = container_of(object, struct endpoint, object);
    if (client == NULL || endpoint != self->serves ||
        relaxed_load(&self->frame->interrupted) != 0 || relaxed_load(&client->wait.until) ||
        scheduler_queue_has_above(cpu, relaxed_load(&client->effective)) ||
        !scheduler_hold(cpu, client))
        return NULL;
    lock_acquire(&endpoint->object.lock);
    if (self->client != client || !is_live(self->received.derivation) ||
        !endpoint_is_quiet(endpoint) || endpoint->receiver != NULL ||
        !claim(client, WAIT_STATE_WAITING)) {
        lock_release(&endpoint->object.lock);
        scheduler_let_go(client);
        return NULL;
    }
    relaxed_store(&endpoint->receiver, self);
    relaxed_store(&self->client, NULL);
    relaxed_store(&client->server, NULL);
    relaxed_store(&self->effective, relaxed_load(&self->priority));
    end_wait(cpu, client);
    begin_wait(self, endpoint, WAIT_RECEIVE);
    lock_release(&endpoint->object.lock);
    scheduler_switch(cpu, self, client);
    return client;
}
