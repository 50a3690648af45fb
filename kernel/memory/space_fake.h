/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* For unit tests of memory: an account, and an address space that is the CPU's. */
#pragma once

#include <arch/cpu.h>
#include <arch/test_memory.h>
#include <kernel/cpu.h>
#include <kernel/memory.h>
#include <kernel/space.h>

extern struct account *account;
extern struct space space;

int space_setup(void **state);
/* What is freed when the kernel is left has been freed after it, and all that was charged. */
int space_teardown(void **state);
/* A byte of what is mapped, as the kernel's copies reach it: whether it was written; it, or -1. */
bool put_byte(uint64_t address, char byte);
int get_byte(uint64_t address);
/* All steps of making `to`, which is new, a copy of `space`. */
enum status clone_space(struct space *to) must_check;
/* All steps of tearing down. */
void end_space(struct space *ended);
