/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Futexes, as far as the rest of the library has to do with them.
 */
#pragma once

#include <stdint.h>

struct task;

/* A task ends: mark what its robust list holds, and wake who waits for it. */
void futex_release_robust(struct task *task);

/* FUTEX_WAKE_OP's third value, taken apart. */
struct futex_operation {
    uint32_t operation, comparison;
    uint32_t operand, compared;
};
struct futex_operation futex_decode_operation(uint32_t value);
/* What it stores over `old`; and whether `old` passes its comparison. */
uint32_t futex_operation_result(const struct futex_operation *operation, uint32_t old);
int futex_operation_matches(const struct futex_operation *operation, uint32_t old);
