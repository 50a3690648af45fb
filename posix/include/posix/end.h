/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The ends of threads and processes.
 */
#pragma once

#include <stdint.h>

struct task;

/* End the pid with a wait status. */
_Noreturn void end_group(struct task *task, int status);
/* The same, because of a signal without a handler. */
_Noreturn void end_by_signal(struct task *task, int number);
/* End the calling thread; the pid too if it is the last. */
_Noreturn void end_task(struct task *task, int code);
/* End the kernel process because the library itself is in disorder; the reason goes to the log. */
_Noreturn void end_broken(const char *reason);
