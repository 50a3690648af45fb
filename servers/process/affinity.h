/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The processors a thread may run on. The kernel keeps them; a thread begins with
 * its maker's, a program with those of the thread that called exec.
 */
#pragma once

#include "table.h"

/* A bit for each, of those there are. */
uint64_t affinity_of(const struct thread *thread);
/* PROCESS_AFFINITY. */
int affinity_serve(struct thread *caller, const uint64_t *words, uint64_t *reply);
