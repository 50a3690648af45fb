/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Proportional share by the golden ratio: docs/scheduler.md.
 *
 * Of the nodes in a queue the one that is due first gets the next turn. What it
 * has used of it is charged, which puts it off the further the less it weighs.
 * Nothing here knows what a node stands for; the caller's lock guards a queue
 * and its nodes.
 */
#pragma once

#include <kernel/heap.h>
#include <trellis/weight.h>

#define SHARE_TURN_NS UINT64_C(10000000)

struct share_node {
    struct heap_node due;           /* its key: when, in the queue's virtual time */
    const struct share_queue *home; /* where it was last; NULL: nowhere yet */
    uint64_t stride;                /* share_stride of its weight */
};

struct share_queue {
    struct heap_node *first;
    uint64_t now;   /* virtual time: when who has the turn was due */
    uint64_t phase; /* the Weyl sequence of the golden ratio, as a part of 2^64 */
};

/* Virtual time of a nanosecond for one of this weight. */
static inline uint64_t share_stride(uint64_t weight)
{
    return ((UINT64_C(1) << 30) + weight / 2) / weight;
}

/* Whether there is such a weight, and it is no more than that of the stride. */
static inline bool share_may_give(uint64_t weight, uint64_t own_stride)
{
    return weight != 0 && weight <= SHARE_WEIGHT_MAX && share_stride(weight) >= own_stride;
}

/* It wants turns. If it has slept past the one that was due it gets one soon, if it is new
 * here within the time in which it is to have one. */
void share_insert(struct share_queue *queue, struct share_node *node);
void share_remove(struct share_queue *queue, struct share_node *node);
/* Whose turn it is, still in the queue; NULL if it is empty. */
struct share_node *share_pick(struct share_queue *queue);
/* It has run for so long; it may be in the queue or not. */
void share_charge(struct share_queue *queue, struct share_node *node, uint64_t nanoseconds);
