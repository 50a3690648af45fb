/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996), with start times
 * spread by a sequence of low discrepancy.
 *
 * A node of weight w that never sleeps is due at t, t + 1/w, t + 2/w ... in virtual
 * time: a Beatty sequence. Where the first terms of all stand together the turns of the light
 * come in one row and the heavy wait for as many as there are; so the first term of a
 * newcomer stands at a part of its period that is the next of k * phi modulo 1, whose
 * first n values divide the circle as evenly as any sequence can (Weyl 1916; Knuth 6.4).
 *
 * A key far behind or ahead of the queue's time says nothing any more: the node has
 * slept, for however long. One difference without a sign tells both.
 */
#include <kernel/share.h>

#include <kernel/relaxed.h>
#include <stddef.h>

#define GOLDEN_RATIO UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / phi, odd */
#define TURNS_AHEAD 8                             /* more is not remembered */
#define WAKE_SHIFT 2 /* who wakes is due within a quarter of its period */

static void place(struct share_queue *queue, struct share_node *node)
{
    uint64_t period = relaxed_load(&node->stride) * SHARE_TURN_NS;
    bool is_new = node->home != queue;

    if (!is_new && node->due.key - queue->now < TURNS_AHEAD * period)
        return;
    queue->phase += GOLDEN_RATIO;
    uint64_t part = (uint64_t)((unsigned __int128)queue->phase * period >> 64);
    node->due.key = queue->now + (is_new ? part : part >> WAKE_SHIFT);
    node->home = queue;
}

void share_insert(struct share_queue *queue, struct share_node *node)
{
    place(queue, node);
    heap_insert(&queue->first, &node->due);
}

void share_remove(struct share_queue *queue, struct share_node *node)
{
    heap_remove(&queue->first, &node->due);
}

struct share_node *share_pick(struct share_queue *queue)
{
    if (queue->first == NULL)
        return NULL;
    queue->now = queue->first->key;
    return (struct share_node *)queue->first;
}

void share_charge(struct share_queue *queue, struct share_node *node, uint64_t nanoseconds)
{
    bool among_others = node->due.linked && !heap_is_alone(&queue->first, &node->due);

    if (among_others)
        heap_remove(&queue->first, &node->due);
    node->due.key += relaxed_load(&node->stride) * nanoseconds;
    if (among_others)
        heap_insert(&queue->first, &node->due);
}
