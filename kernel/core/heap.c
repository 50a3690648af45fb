/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A pairing heap (Fredman, Sedgewick, Sleator, Tarjan, Algorithmica 1986).
 */
#include <kernel/heap.h>

static struct heap_node *merge(struct heap_node *left, struct heap_node *right)
{
    if (left == NULL || right == NULL)
        return left != NULL ? left : right;
    struct heap_node *first = heap_is_before(right->key, left->key) ? right : left;
    struct heap_node *second = first == left ? right : left;
    second->previous = first;
    second->sibling = first->child;
    if (second->sibling != NULL)
        second->sibling->previous = second;
    first->child = second;
    return first;
}

/* Merge siblings two by two from the left, then the results from the right. */
static struct heap_node *merge_siblings(struct heap_node *first)
{
    struct heap_node *pairs = NULL, *root = NULL;
    while (first != NULL) {
        struct heap_node *second = first->sibling;
        struct heap_node *rest = second != NULL ? second->sibling : NULL;
        struct heap_node *pair = merge(first, second);
        pair->sibling = pairs;
        pairs = pair;
        first = rest;
    }
    while (pairs != NULL) {
        struct heap_node *rest = pairs->sibling;
        pairs->sibling = NULL;
        root = merge(root, pairs);
        pairs = rest;
    }
    return root;
}

void heap_insert(struct heap_node **root, struct heap_node *node)
{
    node->linked = true;
    *root = merge(*root, node);
}

void heap_remove_among(struct heap_node **root, struct heap_node *node)
{
    struct heap_node *below = merge_siblings(node->child);
    if (*root == node) {
        *root = below;
    } else {
        if (node->previous->child == node)
            node->previous->child = node->sibling;
        else
            node->previous->sibling = node->sibling;
        if (node->sibling != NULL)
            node->sibling->previous = node->previous;
        *root = merge(*root, below);
    }
    (*root)->previous = (*root)->sibling = NULL;
    node->child = node->sibling = node->previous = NULL;
    node->linked = false;
}

struct heap_node *heap_next(const struct heap_node *node)
{
    if (node->child != NULL)
        return node->child;
    while (node != NULL && node->sibling == NULL) {
        while (node->previous != NULL && node->previous->child != node)
            node = node->previous;
        node = node->previous;
    }
    return node != NULL ? node->sibling : NULL;
}
