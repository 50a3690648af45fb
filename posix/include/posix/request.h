/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Requests to servers.
 */
#pragma once

#include <stdint.h>

#include <base/errno.h>
#include <base/ipc.h>

struct task;

/*
 * Call a server and wait for its answer, which it gives at once. 0 or the
 * negated errno in the reply's label; a server that died is asked again once it
 * is back. Text and handles are in the task's frame before and after, as
 * message_add_handle and message_copy_text put them.
 */
int request(struct task *task, handle_t session, struct message *message);
/* The same, to the process server. */
int request_process(struct task *task, struct message *message);

/* The errno for a native call's result: negative; 0 if it succeeded. */
int request_error(int64_t result);

/* Close a handle that may be HANDLE_NONE. */
void request_close_handle(handle_t handle);
