/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The kernel's own module, kernel/core/share.c. */
#include "policy.h"

static struct share_queue queue;

static void golden_begin(void)
{
    queue = (struct share_queue){0};
}

static void golden_add(struct task *task)
{
    if (task->is_new)
        task->share.home = NULL;
    task->share.stride = task->stride;
    share_insert(&queue, &task->share);
}

static void golden_remove(struct task *task)
{
    share_remove(&queue, &task->share);
}

static struct task *golden_pick(void)
{
    return container_of(share_pick(&queue), struct task, share);
}

static void golden_charge(struct task *task, uint64_t nanoseconds)
{
    share_charge(&queue, &task->share, nanoseconds);
}

const struct policy policy_golden = {
    "golden", golden_begin, golden_add, golden_remove, golden_pick, golden_charge,
};
