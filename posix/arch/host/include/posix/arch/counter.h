/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The host of unit tests: they say what the counter is.
 */
#pragma once

#include <stdint.h>

uint64_t arch_counter_read(void);
