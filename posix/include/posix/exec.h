/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Exec.
 */
#pragma once

#include <stdint.h>

struct task;
struct exec_work;

struct exec_request {
    int dirfd, flags;
    uint64_t path, arguments, environment; /* addresses in the program */
};

/* Returns only if it fails, with a negated errno; the program is then as it was. */
int exec_program(struct task *task, const struct exec_request *request);
/* What an exec that worked has left in the process that a vfork child shared with its parent. */
void exec_release(struct exec_work *work);
