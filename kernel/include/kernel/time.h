/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Time since boot. */
#pragma once

#include <stdint.h>

struct memory;

/* Nanoseconds since boot, monotonic. */
uint64_t time_now(void);
/* The object with the struct time_page, for init. */
struct memory *time_page_memory(void);
