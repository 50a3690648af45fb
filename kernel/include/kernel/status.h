/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Status results inside the kernel. `must_check` goes on every function that
 * returns one.
 */
#pragma once

#include <trellis/status.h>

#define must_check __attribute__((warn_unused_result))

/*
 * Not seen by user space: the call has recorded what it waits for (the thread
 * is no longer running) and is to be started anew when the wait ends. Returned
 * up to the call entry, which rewinds the program counter. No state may have
 * been committed before.
 */
#define STATUS_RESTART ((enum status)200)

/*
 * How far a call has come that does its work in steps: zero when it begins, kept
 * while it returns STATUS_RESTART (struct thread), its own to interpret.
 */
struct call_step {
    uint64_t at, result;
};

/*
 * Likewise: the call is complete but for its result, which whoever ends the
 * wait will write into the thread's registers.
 */
#define STATUS_BLOCKED ((enum status)201)
