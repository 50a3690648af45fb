/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Donation (Sha, Rajkumar, Lehoczky: Priority Inheritance Protocols, 1990).
 *
 * A server thread runs with the priority of the most urgent thread that waits
 * for it: its client, and those that are queued where it receives. It runs on
 * its client's account, or on its own when it has none. Each change passes along
 * the chain of calls the server itself waits in. What a queued caller has lent
 * is taken back when the server next answers or receives.
 */
#include <kernel/scheduler.h>

#include <kernel/ipc.h>
#include <kernel/process.h>

#define DEPTH 16  /* calls in a chain */
#define BREADTH 8 /* threads that a queued caller lends to */

static uint8_t lent_priority(const struct thread *server)
{
    uint8_t lent = server->client != NULL ? server->client->effective : 0;
    struct endpoint *endpoint = server->serves;
    if (endpoint == NULL)
        return lent;
    lock_acquire(&endpoint->object.lock);
    struct list_node *first = list_first(&endpoint->callers);
    if (first != NULL && container_of(first, struct thread, wait.link)->effective > lent)
        lent = container_of(first, struct thread, wait.link)->effective;
    lock_release(&endpoint->object.lock);
    return lent;
}

void scheduler_update_donation(struct thread *thread)
{
    for (int depth = 0; thread != NULL && depth < DEPTH; depth++) {
        uint8_t lent = lent_priority(thread);
        uint8_t effective = lent > thread->priority ? lent : thread->priority;
        struct account *charged =
            thread->client != NULL ? thread->client->charged : thread->process->account;
        if (effective == thread->effective && charged == thread->charged)
            return;
        scheduler_move(thread, effective, charged);
        thread = thread->server; /* who serves this one inherits too */
    }
}

void scheduler_lend_priority(struct endpoint *endpoint)
{
    struct thread *servers[BREADTH];
    unsigned count = 0;
    lock_acquire(&endpoint->object.lock);
    list_for_each (&endpoint->taken, node) {
        struct thread *server = container_of(node, struct thread, wait.link)->server;
        if (server != NULL && count < BREADTH)
            servers[count++] = server;
    }
    lock_release(&endpoint->object.lock);
    while (count > 0)
        scheduler_update_donation(servers[--count]);
}
