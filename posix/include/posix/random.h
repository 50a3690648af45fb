/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The library's random numbers, seeded by the process server.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

void random_begin(const void *entropy, size_t size);
/* In the child of a fork: go another way than the parent. */
void random_diverge(uint64_t what);
void random_bytes(void *to, size_t size);
uint64_t random_number_below(uint32_t limit);
