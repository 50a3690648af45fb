/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the requests do to the tree, without the messages: the unit tests call
 * these.
 *
 * A path is walked from `session`'s directory with its credentials. Functions
 * with a walk leave the outcome in it; unless that is FS_OUTCOME_DONE nothing
 * was done. They return 0 or a Linux errno.
 */
#pragma once

#include "session.h"

struct operation {
    struct session *session;
    struct vfs_walk walk; /* path and length set by the caller */
    enum fs_outcome outcome;
    uint32_t flags; /* enum fs_open_flag */
    uint32_t mode;
    uint64_t rdev;
};

/* The node at the path, made if asked for. A file is truncated, a FIFO has its streams. */
fs_error_t operation_open(struct operation *operation, struct node **node);
fs_error_t operation_make(struct operation *operation);
fs_error_t operation_symlink(struct operation *operation, const char *target, size_t length);
fs_error_t operation_link(struct operation *operation, struct node *node);
fs_error_t operation_remove(struct operation *operation);
/* The path is at most a link's: `node` is one. */
fs_error_t operation_find_link(struct operation *operation, struct node **node);
fs_error_t operation_access(struct operation *operation);
fs_error_t operation_mark_mount(struct operation *operation, uint32_t mount);

struct rename_request {
    struct session *from, *to; /* the two directories */
    const char *old_name, *new_name;
    size_t old_length, new_length;
    uint32_t flags; /* renameat2's */
};
fs_error_t operation_rename(const struct rename_request *request);
fs_error_t operation_change(struct session *session, const struct fs_change *change);
