/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Forks and threads.
 */
#pragma once

#include <stdint.h>

#include <trellis/frame.h>

struct task;

struct clone_request {
    uint64_t flags; /* LINUX_CLONE_* without the exit signal */
    uint32_t exit_signal;
    uint64_t stack; /* the child's stack pointer, or 0: the caller's */
    uint64_t tls;
    uint64_t parent_tid, child_tid, pidfd; /* addresses, as the flags say */
};

/* The child's tid or pid, 0 in the child of a fork, or a negated errno. */
int64_t clone_task(struct task *task, const struct clone_request *request);

/* A new thread's beginning, from the entry stub. */
_Noreturn void clone_begin(struct task *task, struct frame *frame);
