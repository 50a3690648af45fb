/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The library's stacks: a task's page, a guard page, then the stack itself. */
#pragma once

#include <stdint.h>

#define TASK_STACK_SIZE 0x10000 /* a power of two, to which it is aligned */
#define TASK_STACK_MASK (~(uint64_t)(TASK_STACK_SIZE - 1))
