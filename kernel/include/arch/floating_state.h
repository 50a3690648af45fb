/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Floating point state in memory (kernel/arch/shared/floating_state.c), for machines where that of a
 * thread is there, in arch_thread.floating, whenever no CPU has the thread loaded. What it is
 * the architecture says by struct arch_floating.
 */
#pragma once

#include <stdbool.h>

struct thread;

/* There is room for the thread's state, which begins as zeroes; false without memory for it. */
bool floating_create(struct thread *thread);
