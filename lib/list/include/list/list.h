/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Circular doubly linked lists with the link inside the element.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *next, *previous;
};

struct list {
    struct list_node head;
};

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define list_for_each(list, node)                                                                  \
    for (struct list_node *node = (list)->head.next; node != &(list)->head; node = node->next)

/* The body may remove `node`. */
#define list_for_each_safe(list, node)                                                             \
    for (struct list_node *node = (list)->head.next, *node##_next = node->next;                    \
         node != &(list)->head; node = node##_next, node##_next = node->next)

#define LIST_INITIAL(list)                                                                         \
    {                                                                                              \
        {                                                                                          \
            &(list).head, &(list).head                                                             \
        }                                                                                          \
    }

static inline void list_init(struct list *list)
{
    list->head.next = list->head.previous = &list->head;
}

/* A node that is on no list points at itself. */
static inline void list_node_init(struct list_node *node)
{
    node->next = node->previous = node;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->head.next == &list->head;
}

static inline bool list_node_is_linked(const struct list_node *node)
{
    return node->next != node;
}

static inline void list_insert_between(struct list_node *node, struct list_node *before,
                                       struct list_node *after)
{
    node->previous = before;
    node->next = after;
    before->next = node;
    after->previous = node;
}

static inline void list_push_back(struct list *list, struct list_node *node)
{
    list_insert_between(node, list->head.previous, &list->head);
}

static inline void list_push_front(struct list *list, struct list_node *node)
{
    list_insert_between(node, &list->head, list->head.next);
}

/* Harmless on a node that is on no list. */
static inline void list_remove(struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_node_init(node);
}

static inline struct list_node *list_first(const struct list *list)
{
    return list_is_empty(list) ? NULL : list->head.next;
}

static inline struct list_node *list_pop_front(struct list *list)
{
    struct list_node *node = list_first(list);
    if (node != NULL)
        list_remove(node);
    return node;
}
