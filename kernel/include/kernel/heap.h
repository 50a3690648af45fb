/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What comes first of many: a heap whose links are inside its nodes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    uint64_t key; /* not to be changed while in a heap */
    struct heap_node *child, *sibling;
    struct heap_node *previous; /* left sibling, of the first child: parent */
    bool linked;
};

/* Whether `left` comes before `right`: the keys of one heap lie within 2^63 and may wrap around. */
static inline bool heap_is_before(uint64_t left, uint64_t right)
{
    return (int64_t)(left - right) < 0;
}

/* `*root` is the node with the least key, NULL if there is none. Constant time. */
void heap_insert(struct heap_node **root, struct heap_node *node);
/* The next of all that are in the heap, the root's first; NULL after the last. */
struct heap_node *heap_next(const struct heap_node *node);

#define heap_for_each(root, node)                                                                  \
    for (struct heap_node *node = (root); node != NULL; node = heap_next(node))

static inline bool heap_is_alone(struct heap_node *const *root, const struct heap_node *node)
{
    return *root == node && node->child == NULL;
}

/* One that is in the heap, and not alone there. */
void heap_remove_among(struct heap_node **root, struct heap_node *node);

/* One that is in the heap. Logarithmic time when averaged over many. */
static inline void heap_remove(struct heap_node **root, struct heap_node *node)
{
    if (!heap_is_alone(root, node)) {
        heap_remove_among(root, node);
        return;
    }
    *root = NULL;
    node->linked = false;
}
