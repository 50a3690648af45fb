/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The host of unit tests: they say which task is the current one.
 */
#pragma once

#include <stdint.h>

#define TASK_STACK_SIZE 0x10000
#define TASK_STACK_MASK (~(uint64_t)(TASK_STACK_SIZE - 1))

struct task;

struct task *task_current(void);
