/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Waiting for a word in memory to change: what futexes are made of.
 */
#pragma once

#include <stdint.h>

struct process;

/* Wake up to `count` threads that wait at an address of a process, whether they
 * name it shared or not. No locks held. */
void address_wake_at(struct process *process, uint64_t address, uint32_t count);
