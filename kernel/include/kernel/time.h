/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Time since boot. */
#pragma once

#include <kernel/status.h>
#include <stdint.h>

struct memory;

/* Nanoseconds since boot, monotonic. */
uint64_t time_now(void);
/* For arch_timer_set. */
uint64_t time_to_ticks(uint64_t nanoseconds);
/* Once, when the counter has been measured. */
enum status time_init(void) must_check;
/* The object with the struct time_page, for init. */
struct memory *time_page_memory(void);
