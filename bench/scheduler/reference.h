/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What everybody ought to have had: the same work, served by a fluid that flows to
 * all who have some at once, to each by its weight (generalised processor sharing,
 * Parekh and Gallager 1993). Time is in turns.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void reference_begin(void);
/* It has more work to do, beside what the fluid has not done yet. */
void reference_arrive(uint32_t task, uint32_t weight, double turns);
void reference_advance(double turns);
/* How much of its work the fluid has done. */
double reference_service(uint32_t task);
