/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What eventfd and timerfd have in common: a counter of the kernel, handles[0],
 * and a read that takes it.
 */
#pragma once

#include "sorts.h"

/* Read eight bytes: all that was counted, or one. Waits unless O_NONBLOCK. */
int64_t counter_take(struct task *task, struct file *file, const struct transfer *transfer,
                     bool one);
/* A file with a counter that begins at `count`; of `flags` O_NONBLOCK is kept. 0 or a negated errno. */
int counter_create(const struct file_operations *operations, uint64_t count, uint32_t flags,
                   struct file **file);
