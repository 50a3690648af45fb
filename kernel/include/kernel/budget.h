/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Budgets: so much time of one CPU in every period (docs/scheduler.md).
 *
 * Who runs by a budget comes before all that run by priority and share, and among budgets
 * whoever's deadline is first. Admission sees to it that all of them hold.
 */
#pragma once

#include <kernel/account.h>
#include <kernel/timer.h>

#define BUDGET_PARTS UINT64_C(1000000)    /* a whole CPU */
#define BUDGET_PARTS_MAX UINT64_C(900000) /* of a CPU that budgets get in all */
#define BUDGET_RUNTIME_MIN UINT64_C(50000)
#define BUDGET_PERIOD_MAX UINT64_C(4000000000) /* two such multiplied fit into 64 bits */

struct thread;

struct budget {
    struct object object;
    /* Lock, and left_ns and deadline relaxed; runtime_ns, period_ns and cpu are constant. */
    struct budget_information state;
    uint32_t parts;                  /* constant; of that CPU, rounded up */
    _Atomic(struct thread *) thread; /* whose own it is; changed with that thread locked */
    struct spinlock lock;            /* LOCK_BUDGET */
    _Atomic bool ended;              /* set once: its last handle has gone, and so its time */
    struct account_turn turn;        /* its CPU's run queue lock */
    struct timer timer; /* its CPU's; when it will have been used up, then when it is renewed */
};

static inline bool budget_has_time(const struct budget *budget)
{
    return relaxed_load(&budget->state.left_ns) > 0;
}

/* Somebody has run by it for so long, or is about to (0): its CPU looks when the rest is over. On its CPU. */
void budget_spend(struct budget *budget, uint64_t spent_ns, uint64_t now);
/* Who is to run by it was waiting: a new period begins, unless what is left may be used in this one. */
void budget_wake(struct budget *budget);
/* The thread has none of its own any more, or not that one. */
void budget_leave(struct thread *thread, const struct budget *budget);

/* The type's operation (object.h). */
void budget_unreachable(struct object *object);
