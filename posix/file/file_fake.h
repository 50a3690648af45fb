/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * For unit tests: the rest of the library. One task, whose program's memory is
 * the test's own; servers are a function of the test.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <base/ipc.h>
#include <posix/task.h>

/* Addresses of the program below this are not mapped. */
#define FAKE_UNMAPPED 4096

extern struct task fake_task;
extern struct process_info_page fake_info;
extern struct process_signal_page fake_signals;

/* What answers requests, the process server's session being FAKE_PROCESS. As request(). */
#define FAKE_PROCESS 900
extern int (*fake_server)(handle_t session, struct message *message);

/* The n-th allocation from now fails; 0: none does. */
extern size_t fake_fail_after;
/* What is allocated, and not released. */
extern size_t fake_allocated;
/* How often a handle was closed. */
#define FAKE_HANDLES 1000
extern unsigned fake_closed[FAKE_HANDLES];

/* Everything as at the beginning. */
void fake_reset(void);
