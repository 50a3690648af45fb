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

#define SHARE_TURN_NS UINT64_C(10000000)
#define SHARE_WEIGHT_NORMAL 1024
#define SHARE_WEIGHT_MAX 65536 /* the least is 1 */

struct share_node {
    struct heap_node due;           /* its key: when, in the queue's virtual time */
    const struct share_queue *home; /* where it was last; NULL: nowhere yet */
    uint64_t stride;                /* virtual time of a nanosecond: 2^30 / weight */
};

struct share_queue {
    struct heap_node *first;
    uint64_t now;   /* virtual time: when who has the turn was due */
    uint64_t phase; /* the Weyl sequence of the golden ratio, as a part of 2^64 */
};

/* Of a node that is in no queue and may have been in one. */
void share_set_weight(struct share_node *node, uint32_t weight);
/* It wants turns. If it has slept past the one that was due it gets one soon, if it is new
 * here within the time in which it is to have one. */
void share_insert(struct share_queue *queue, struct share_node *node);
void share_remove(struct share_queue *queue, struct share_node *node);
/* Whose turn it is, still in the queue; NULL if it is empty. */
struct share_node *share_pick(struct share_queue *queue);
/* It has run for so long; it may be in the queue or not. */
void share_charge(struct share_queue *queue, struct share_node *node, uint64_t nanoseconds);
