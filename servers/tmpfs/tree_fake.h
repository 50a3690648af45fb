/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the unit tests share: a tree over memory that counts and fails to order, with two
 * users at its root, and the operations by path.
 */
#pragma once

#include "operations.h"

extern size_t held;       /* pieces of memory and handles that are not given back */
extern size_t fail_after; /* the n-th allocation from now fails; 0: none */
extern uint32_t fifo_signals, fifo_ends;

extern struct node *root;
extern struct user root_payer, payer;
extern struct credentials root_user, user;
extern struct session at_root, user_at_root;

fs_error_t open_path(struct session *session, const char *path, uint32_t flags, uint32_t mode,
                     struct node **node);
fs_error_t make(const char *path, uint32_t mode);
fs_error_t make_link(struct session *session, const char *path, struct node *node);
fs_error_t make_symlink(struct session *session, const char *path, const char *target);
fs_error_t remove_as(struct session *session, const char *path, uint32_t flags);
fs_error_t rename_at(struct node *from, const char *old, struct node *to, const char *new,
                     uint32_t flags);
fs_error_t lock_as(struct node *node, uint32_t pid, uint32_t kind, uint64_t start, uint64_t length);
/* NULL: it is not there. */
struct node *find(const char *path);

/* Of a group, and after each test: all that is left is the root and the tables. */
int tree_set_up(void **state);
int tree_holds_nothing(void **state);
