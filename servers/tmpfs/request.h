/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Requests: from a message to the tree and back. */
#pragma once

#include <trellis/frame.h>
#include <trellis/message.h>

#include "node.h"

/*
 * Carry out the request in `message` and `frame`, and put the reply there. What
 * the reply moves to the client has MESSAGE_HANDLE_MOVE: if it cannot be
 * delivered, request_undeliverable closes it and makes the reply an error.
 * Returns the session to be announced once the client has the reply, or 0.
 */
uint64_t request_serve(struct message *message, struct frame *frame);
void request_undeliverable(struct message *message, struct frame *frame);

/* The root of the tree and the endpoint sessions are made at, before the first request. */
void request_init(struct node *root, handle_t endpoint, handle_t account);
