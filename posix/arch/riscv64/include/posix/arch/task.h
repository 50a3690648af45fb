/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: finding the task, which stands at the low end of its stack.
 */
#pragma once

#include <posix/task_stack.h>

struct task;

static inline struct task *task_current(void)
{
    uint64_t sp;
    __asm__("mv %0, sp" : "=r"(sp));
    return (struct task *)(sp & TASK_STACK_MASK);
}
