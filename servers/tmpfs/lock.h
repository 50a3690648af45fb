/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Advisory locks: fcntl's byte ranges, owned by a pid, and flock's, owned by a
 * session.
 *
 * A lock that is refused leaves a one-shot event with the caller, which the next
 * unlock of the node raises for all who were refused since the one before.
 */
#pragma once

#include <protocols/fs.h>
#include <trellis/object.h>

#include "node.h"

struct lock_request {
    struct fs_lock *lock; /* in and out */
    uint32_t pid;
    uint64_t badge;
    struct user *user;
};

/* 0, EINVAL, ENOLCK (also if the user has too many), or EAGAIN: then lock_wait gives what to wait for. */
fs_error_t lock_apply(struct node *node, const struct lock_request *request);
/* Whoever holds what conflicts is put into the request; kind 2 if nobody does. */
void lock_ask(struct node *node, const struct lock_request *request);
/* The event that the next unlock raises; it stays the node's. ENOLCK. */
fs_error_t lock_wait(struct node *node, handle_t *event);
/* All that was locked by way of this session. */
void lock_drop_session(struct node *node, uint64_t badge);
