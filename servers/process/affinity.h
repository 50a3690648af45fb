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
/* EPERM; EINVAL if the machine has none of them. */
int affinity_set(const struct process *caller, const struct thread *thread, uint64_t cpus);
