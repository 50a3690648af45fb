/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Trace lines: each Linux call with its arguments and its result, in strace's manner.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <posix/call.h>

struct task;

#define TRACE_LINE 1024

/* Before and after a call. The arguments are shown as they are afterwards, except
 * for calls that do not return, which are shown before. */
void trace_call(struct task *task, uint64_t number, const uint64_t *arguments, int64_t result);
void trace_no_return(struct task *task, uint64_t number, const uint64_t *arguments);
void trace_signal(struct task *task, int number);
void trace_exit(struct task *task, int status);
