/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Ends of processes, as the kernel sees them.
 */
#pragma once

#include <trellis/structures.h>

#include "table.h"

/*
 * Have the end of a kernel process announced under this pid, and that of no
 * other any more. The kernel's result.
 */
int64_t end_observe(uint32_t pid, handle_t kernel_process);
/* KEY_END fired. */
void end_announced(uint32_t pid);

/*
 * A pid that shares its kernel process with others ends by itself, or leaves it
 * for another: its threads there are killed and its pages unmapped.
 */
void end_leave_shared(struct process *process);

/* Signals PROCESS_PID_ENDED when the process has ended; HANDLE_NONE: no memory. */
handle_t end_event(struct process *process);

/* Finish what ended by itself while a request was being served. */
void end_finish_left(void);

/* What a process that runs has used, the kernel processes it had before included. */
void end_measure(const struct process *process, struct process_usage *usage);
/* What one thread has used: only the times. */
void end_measure_thread(const struct thread *thread, struct process_usage *usage);
/* The same from what the kernel says of it. */
void end_fill_usage(const struct process *process, const struct process_information *information,
                    struct process_usage *usage);
/* Before the process gets another kernel process: keep what this one used. */
void end_keep_times(struct process *process);
