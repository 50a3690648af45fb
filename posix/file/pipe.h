/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#pragma once

#include "sorts.h"

/* Both ends; of O_* only NONBLOCK counts. 0 or a negated errno. */
int pipe_create(uint32_t flags, struct file *ends[2]);
/* F_GETPIPE_SZ; -EBADF if it is no pipe. */
int64_t pipe_capacity(const struct file *file);

/* Two files at once: their numbers are stored at `address` of the program. */
struct file_pair {
    struct file *files[2]; /* references, used up */
    bool close_on_exec;
    uint64_t address;
};
int64_t file_install_pair(struct task *task, const struct file_pair *pair);
