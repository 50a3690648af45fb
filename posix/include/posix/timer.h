/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * POSIX timers (timer_create): event timers of the kernel, noticed by the task
 * that waits or by the process server.
 */
#pragma once

struct group;

/* In the child of a fork: it has none. */
void timer_forget_all(struct group *group);
