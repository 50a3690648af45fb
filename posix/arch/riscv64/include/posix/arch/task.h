/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: finding the task, which stands at the low end of its stack.
 */
#pragma once

#include <stdint.h>

#define TASK_STACK_SIZE 0x10000 /* a power of two; the task's page, a guard page, the stack */
#define TASK_STACK_MASK (~(uint64_t)(TASK_STACK_SIZE - 1))

struct task;

static inline struct task *task_current(void)
{
    uint64_t sp;
    __asm__("mv %0, sp" : "=r"(sp));
    return (struct task *)(sp & TASK_STACK_MASK);
}
