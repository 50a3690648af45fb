/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Trace lines: each Linux call with its arguments and its result, in strace's manner.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <posix/call.h>

struct linux_siginfo;
struct process_signal;
struct task;

#define TRACE_LINE 1024

/* A line as it grows; what does not fit is left out. */
struct trace_line {
    char text[TRACE_LINE];
    size_t length;
};

void trace_add(struct trace_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* NAME(ARGUMENTS), read from the program's memory as it is now. `result`: what a call gave (buffers). */
void trace_add_call(struct trace_line *line, uint64_t number, const uint64_t *arguments,
                    int64_t result);
/* The value, or -1 and the error. */
void trace_add_result(struct trace_line *line, uint64_t number, int64_t result);
void trace_add_error(struct trace_line *line, int error);
void trace_add_signal(struct trace_line *line, int number);
/* {si_signo=..., ...} */
void trace_add_siginfo(struct trace_line *line, const struct linux_siginfo *information);

/* The lines themselves, to the trace stream. */
void trace_call(struct task *task, uint64_t number, const uint64_t *arguments, int64_t result);
/* The call that runs now will not return, or not here: "= ?", or a result known before. */
void trace_no_return(struct task *task);
void trace_success(struct task *task);
void trace_signal(struct task *task, const struct process_signal *signal);
void trace_exit(struct task *task, int status);
