/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Donation (Sha, Rajkumar, Lehoczky: Priority Inheritance Protocols, 1990).
 *
 * A server thread runs with the priority of the most urgent thread that waits
 * for it: its client, and those that are queued where it receives. Each change
 * passes along the chain of calls the server itself waits in. It takes its turns
 * on its client's account (scheduler_account_of), or on its own when it has none. When its
 * client's has used up its time the server goes on, and pays from then on with that of
 * the outermost client whose has some, at last with its own; so its other callers do
 * not wait. The clients that pay no more are marked, and get the CPU back by a
 * decision, not from hand to hand. What a queued caller has lent
 * is taken back when the server next answers or receives.
 *
 * Clients and servers of others are read without their endpoints' locks: a
 * thread seen there stays valid until the kernel is left (rcu.h), and what comes
 * of a call that ends meanwhile is corrected by whoever ends it.
 */
#include <kernel/scheduler.h>

#include <kernel/account.h>
#include <kernel/ipc.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler_queue.h>

#define DEPTH 16  /* calls in a chain */
#define BREADTH 8 /* threads that a queued caller lends to */

static uint8_t lent_priority(const struct thread *server)
{
    const struct thread *client = relaxed_load(&server->client);
    uint8_t lent = client != NULL ? relaxed_load(&client->effective) : 0;
    struct endpoint *endpoint = relaxed_load(&server->serves);
    if (endpoint == NULL)
        return lent;
    lock_acquire(&endpoint->object.lock);
    struct list_node *first = list_first(&endpoint->callers);
    if (first != NULL) {
        const struct thread *caller = container_of(first, struct thread, wait.link);
        uint8_t offered = relaxed_load(&caller->effective);
        lent = offered > lent ? offered : lent;
    }
    lock_release(&endpoint->object.lock);
    return lent;
}

void scheduler_update_donation(struct thread *thread)
{
    for (int depth = 0; thread != NULL && depth < DEPTH; depth++) {
        uint8_t lent = lent_priority(thread);
        uint8_t own = relaxed_load(&thread->priority), effective = lent > own ? lent : own;
        if (effective == relaxed_load(&thread->effective))
            return;
        scheduler_move(thread, effective);
        thread = relaxed_load(&thread->server); /* who serves this one inherits too */
    }
}

void scheduler_lend_priority(struct endpoint *endpoint)
{
    struct thread *servers[BREADTH];
    unsigned count = 0;
    lock_acquire(&endpoint->object.lock);
    list_for_each (&endpoint->servers, node) {
        struct thread *server = container_of(node, struct thread, serves_link);
        if (server->client != NULL && count < BREADTH)
            servers[count++] = server;
    }
    lock_release(&endpoint->object.lock);
    while (count > 0)
        scheduler_update_donation(servers[--count]);
}

__attribute__((noinline, cold)) struct account *scheduler_find_payer(struct thread *thread,
                                                                     bool chosen)
{
    struct account *payer = chosen ? thread->process->account : NULL;
    for (unsigned depth = 0; thread != NULL && depth < DEPTH; depth++) {
        struct account *account = thread->process->account;
        if (chosen ? !thread_needs(thread, ATTENTION_UNPAID) : account_look_for_time(account))
            payer = account;
        else
            atomic_fetch_or(&thread->attention, ATTENTION_UNPAID);
        thread = relaxed_load(&thread->client);
    }
    return payer;
}
