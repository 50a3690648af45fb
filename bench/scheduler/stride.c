/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Stride scheduling (Waldspurger and Weihl, MIT/LCS/TM-528, 1995): the least pass
 * runs; who sleeps keeps what remained until its pass. And start-time fair queueing
 * (Goyal, Vin, Cheng, 1996) as it is: who wakes starts at the present virtual time.
 */
#include "policy.h"

static struct heap_node *first;
static uint64_t pass_now; /* virtual time */
static uint64_t total;    /* weights of who is runnable */

static void queue_begin(void)
{
    first = NULL;
    pass_now = total = 0;
}

static void queue_remove(struct task *task)
{
    heap_remove(&first, &task->pass);
    total -= task->weight;
}

static void queue_add(struct task *task, uint64_t pass)
{
    task->pass.key = pass;
    heap_insert(&first, &task->pass);
    total += task->weight;
}

static void advance(struct task *task, uint64_t nanoseconds)
{
    heap_remove(&first, &task->pass);
    task->pass.key += nanoseconds * task->stride;
    heap_insert(&first, &task->pass);
}

static void stride_add(struct task *task)
{
    uint64_t remaining = task->is_new ? TURN_NS * task->stride : task->remaining;
    queue_add(task, pass_now + remaining);
}

static void stride_remove(struct task *task)
{
    task->remaining = task->pass.key > pass_now ? task->pass.key - pass_now : 0;
    queue_remove(task);
}

static struct task *stride_pick(void)
{
    return container_of(first, struct task, pass);
}

static void stride_charge(struct task *task, uint64_t nanoseconds)
{
    pass_now += (nanoseconds << 30) / total;
    advance(task, nanoseconds);
}

const struct policy policy_stride = {
    "stride", queue_begin, stride_add, stride_remove, stride_pick, stride_charge,
};

static void start_time_add(struct task *task)
{
    bool is_late = task->is_new || task->pass.key < pass_now;
    queue_add(task, is_late ? pass_now : task->pass.key);
}

static struct task *start_time_pick(void)
{
    pass_now = first->key;
    return container_of(first, struct task, pass);
}

const struct policy policy_start_time = {
    "start-time", queue_begin, start_time_add, queue_remove, start_time_pick, advance,
};
