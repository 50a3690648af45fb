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

#define BREADTH 8 /* threads that a queued caller lends to */
#define LENDERS 8 /* queued callers that are looked at */

/* The budget whose deadline is first of two, if the second may be used at all. */
static void take_budget(struct standing *standing, struct budget *budget, uint64_t cpus)
{
    if (budget != NULL && budget_has_time(budget) && (cpus >> budget->state.cpu & 1) != 0 &&
        (standing->budget == NULL ||
         heap_is_before(relaxed_load(&budget->state.deadline),
                        relaxed_load(&standing->budget->state.deadline))))
        standing->budget = budget;
}

static void take_loan(struct standing *standing, const struct thread *to, const struct thread *from)
{
    uint32_t lent = relaxed_load(&from->effective);
    standing->priority = lent > standing->priority ? lent : standing->priority;
    take_budget(standing, acquire_load(&from->runs_by), to->cpus);
}

/* Those with a budget are first in the queue. */
static void take_loans(struct standing *standing, struct thread *server, struct endpoint *endpoint)
{
    unsigned count = 0;
    lock_acquire(&endpoint->object.lock);
    list_for_each (&endpoint->callers, node) {
        const struct thread *caller = container_of(node, struct thread, wait.link);
        take_loan(standing, server, caller);
        if (++count == LENDERS || caller->wait.call.place > PLACE_ROUNDS)
            break;
    }
    lock_release(&endpoint->object.lock);
}

/* False: it stood as it is to stand. */
static bool revise(struct thread *thread)
{
    const struct thread *client = relaxed_load(&thread->client);
    struct endpoint *endpoint = acquire_load(&thread->serves);
    struct standing standing = {.priority = relaxed_load(&thread->priority)};
    take_budget(&standing, acquire_load(&thread->budget), UINT64_MAX);
    if (client != NULL)
        take_loan(&standing, thread, client);
    if (endpoint != NULL)
        take_loans(&standing, thread, endpoint);
    standing.attention = standing.budget != NULL                 ? ATTENTION_RESERVED
                         : relaxed_load(&thread->budget) != NULL ? ATTENTION_THROTTLED
                                                                 : 0;
    bool differs = standing.priority != relaxed_load(&thread->effective) ||
                   standing.budget != relaxed_load(&thread->runs_by) ||
                   standing.attention != (atomic_load(&thread->attention) & STANDING_MASK);
    if (differs)
        scheduler_move(thread, &standing);
    return differs;
}

/* Threads that serve others there, as many as fit. */
static unsigned add_servers(struct endpoint *endpoint, struct thread *threads[], unsigned count)
{
    lock_acquire(&endpoint->object.lock);
    list_for_each (&endpoint->servers, node) {
        struct thread *server = container_of(node, struct thread, serves_link);
        if (server->client != NULL && count < BREADTH)
            threads[count++] = server;
    }
    lock_release(&endpoint->object.lock);
    return count;
}

/* One that has been revised: who has written looks again, for what he saw may be what it was before
 * somebody else wrote. Next is who serves it; if it is queued, it gets a new place, and those who
 * serve there are next. The endpoint of one that was seen to wait is valid. */
static unsigned add_next(struct thread *thread, struct thread *threads[], unsigned count)
{
    while (revise(thread))
        continue;
    bool waits = atomic_load(&thread->wait_state) == WAIT_STATE_WAITING, queued = false;
    struct object *on = waits ? relaxed_load(&thread->wait.on) : NULL;
    if (on != NULL) {
        lock_acquire(&on->lock);
        queued = atomic_load(&thread->wait_state) == WAIT_STATE_WAITING &&
                 thread->wait.kind == WAIT_CALL && relaxed_load(&thread->wait.on) == on;
        if (queued) {
            list_remove(&thread->wait.link);
            thread->wait.call.session->queued--;
            endpoint_queue_caller(container_of(on, struct endpoint, object), thread);
        }
        lock_release(&on->lock);
    }
    if (queued)
        return add_servers(container_of(on, struct endpoint, object), threads, count);
    threads[count] = relaxed_load(&thread->server);
    return count + (threads[count] != NULL);
}

static void revise_all(struct thread *threads[], unsigned count)
{
    for (unsigned step = 0; count > 0 && step < DEPTH * BREADTH; step++) {
        struct thread *thread = threads[--count];
        if (revise(thread))
            count = add_next(thread, threads, count);
    }
}

/* Most find nothing to revise, and get by without this and its array. */
static ARCH_COLD void revise_next(struct thread *thread)
{
    struct thread *threads[BREADTH];
    revise_all(threads, add_next(thread, threads, 0));
}

void scheduler_update_donation(struct thread *thread)
{
    if (thread != NULL && revise(thread))
        revise_next(thread);
}

void scheduler_lend_priority(struct endpoint *endpoint)
{
    struct thread *threads[BREADTH];
    revise_all(threads, add_servers(endpoint, threads, 0));
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
