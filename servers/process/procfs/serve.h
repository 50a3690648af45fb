/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Requests of the fs protocol to /proc. */
#pragma once

#include <trellis/frame.h>

/* `message` becomes the reply. What it moves to the client is closed by procfs_undeliverable. */
void procfs_serve(struct message *message, struct frame *frame);
