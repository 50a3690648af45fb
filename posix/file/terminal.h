/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Terminals: the console, pseudo-terminals.
 */
#pragma once

#include "sorts.h"

/* handles of a POSIX_FILE_TERMINAL; the node is HANDLE_NONE for the host's own descriptors */
enum { TERMINAL_SESSION = 0, TERMINAL_EVENT = 1, TERMINAL_NODE = 2 };

/* Whether a character device is a terminal, a pair's master, or /dev/tty. */
bool terminal_is_rdev(uint64_t rdev);
/* Open it. 0, -ENXIO (no such, or no controlling terminal), -EIO (a pts that is locked) ... */
int terminal_open(struct task *task, uint32_t rdev, uint32_t flags, struct file **file);
/* It was opened by a program without O_NOCTTY: a session leader that has none takes it. */
void terminal_acquire(struct task *task, const struct file *file);
/* Its ioctls (terminal_control.c). */
int64_t terminal_control(struct task *task, struct file *file, uint32_t request, uint64_t argument);

/*
 * The caller's group is in the background: what becomes of its request. A
 * negated errno, or -POSIX_RESTART with the group stopped or in the foreground by now; never 0.
 */
int64_t terminal_background(struct task *task, const struct file *file, int signal);
/* The caller's group, if this is its controlling terminal, else 0: what requests carry. */
uint32_t terminal_group(struct task *task, const struct file *file);
/* A request to the tty server. */
int terminal_request(struct task *task, const struct file *file, struct message *message);
