/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The host of unit tests: they say which task is the current one.
 */
#pragma once

struct task;

struct task *task_current(void);
