/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Descriptors that stand for processes.
 */
#pragma once

#include <stdint.h>

struct task;

/* A descriptor, close-on-exec, that is readable once the process has ended; or a negated errno. */
int pidfd_create(struct task *task, uint32_t pid, uint32_t flags);
/* The pid a descriptor stands for, or -EBADF. */
int64_t pidfd_pid(struct task *task, int fd);
