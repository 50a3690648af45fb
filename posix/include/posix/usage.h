/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What processes have used.
 */
#pragma once

#include <stdint.h>

#include <protocols/process.h>

struct task;

/* As Linux' struct rusage at an address of the program. 0 or -EFAULT. */
int usage_store(const struct process_usage *usage, uint64_t address);
/* 0 self, 1 children, 2 this thread. 0 or a negated errno. */
int usage_read(struct task *task, uint64_t of, struct process_usage *usage);
