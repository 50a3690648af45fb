/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* PROCESS_EXEC: another program in place of a process' present one. */
#pragma once

#include "clone.h"

enum answer exec_serve(struct thread *caller, struct message *message);

/* Pages and events in their state for a program that begins; the old threads are gone. */
void exec_reset_signals(struct process *process);
