/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Nodes of file servers, as the sources of posix/file use them.
 */
#pragma once

#include <base/ipc.h>

#include "sorts.h"

/*
 * Their handles: the session, the pages if there are any, and the session that
 * this process' record locks belong to; extra: the mount's number, the mode when
 * it was opened.
 */
enum { NODE_SESSION = 0, NODE_PAGES = 1, NODE_LOCKS = 2 };
enum { NODE_MOUNT = 0, NODE_MODE = 1 };

/* A request to the node's server. 0 or a negated errno. */
int node_request(struct task *task, struct file *file, struct message *message);
int node_attributes(struct task *task, struct file *file, struct fs_attributes *attributes);
int node_change(struct task *task, struct file *file, const struct fs_change *change);
bool node_is_directory(const struct file *file);
/* getdents64 (directory.c). */
int64_t node_list(struct task *task, struct file *file, const struct transfer *transfer);
