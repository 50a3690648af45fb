/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Everybody in turn, whatever they weigh. */
#include "policy.h"

static struct list queue;

static void round_robin_begin(void)
{
    list_init(&queue);
}

static void round_robin_add(struct task *task)
{
    list_push_back(&queue, &task->link);
}

static void round_robin_remove(struct task *task)
{
    list_remove(&task->link);
}

static struct task *round_robin_pick(void)
{
    return container_of(list_first(&queue), struct task, link);
}

static void round_robin_charge(struct task *task, uint64_t nanoseconds)
{
    (void)nanoseconds;
    list_remove(&task->link);
    list_push_back(&queue, &task->link);
}

const struct policy policy_round_robin = {
    "round robin",      round_robin_begin, round_robin_add,
    round_robin_remove, round_robin_pick,  round_robin_charge,
};
