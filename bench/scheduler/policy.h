/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What a scheduling policy is asked by the workloads: the kernel's own and its rivals.
 */
#pragma once

#include <kernel/heap.h>
#include <kernel/share.h>
#include <list/list.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TASKS_MAX 10000
#define TURN_NS SHARE_TURN_NS

/* One node of the tree of eevdf.c. */
struct eevdf_node {
    struct eevdf_node *left, *right;
    uint64_t order;   /* of the heap of the treap */
    int64_t start;    /* virtual time from which it may run: when its share comes to what it had */
    int64_t deadline; /* virtual time of the end of its request */
    int64_t least;    /* `start` of the subtree's first */
    int64_t lag;      /* of one that sleeps, in nanoseconds */
};

struct task {
    uint32_t number; /* from 0 */
    uint32_t weight;
    uint64_t stride; /* virtual time of a nanosecond */
    bool is_new;     /* it has not run yet, or is a new program's */

    struct share_node share; /* golden */
    struct list_node link;   /* round robin */
    struct heap_node pass;   /* stride, start-time */
    uint64_t remaining;      /* stride: of one that sleeps */
    struct eevdf_node eevdf;
};

struct policy {
    const char *name;
    void (*begin)(void);
    /* It becomes runnable, or is no more; its weight is set. */
    void (*add)(struct task *task);
    void (*remove)(struct task *task);
    /* Who runs next: at least one is runnable. It stays runnable. */
    struct task *(*pick)(void);
    /* The one picked last has run so long. */
    void (*charge)(struct task *task, uint64_t nanoseconds);
};

extern const struct policy policy_golden, policy_eevdf, policy_stride, policy_start_time,
    policy_round_robin, policy_lottery, policy_weyl;

/* Of every run the same. */
void random_begin(void);
uint64_t random_next(void);
