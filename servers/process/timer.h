/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* POSIX timers: timer_create and its relatives. */
#pragma once

#include <protocols/process.h>

#include "table.h"

/* A PROCESS_CLOCK_TIMER request; `given` goes with PROCESS_TIMER_CREATE. The error for the reply. */
int timer_serve(struct process *process, const uint64_t *words, const struct process_timer *given,
                uint64_t *reply);
/*
 * Processor time has been used: send what is due. How much more may be used until something
 * is due, or CPU_TIMER_NEVER.
 */
uint64_t timer_examine_used(void);
/* KEY_TIMER fired. */
void timer_fired(uint32_t index);
/* Exec, or the end. */
void timer_delete_all(struct process *process);
