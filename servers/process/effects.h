/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What decisions about processes cause outside the table. effects.c carries it
 * out with native calls; the unit tests have their own that only notes it. None
 * of these can fail as far as the table is concerned.
 */
#pragma once

#include "table.h"

/* The thread looks for signals soon, also if it waits. */
void effect_interrupt(struct thread *thread);
/* All threads stop, go on. */
void effect_suspend(struct process *process);
void effect_resume(struct process *process);
/* End what runs of it. Sooner or later process_finish follows, never from within. */
void effect_end(struct process *process);
/* Raise bits of its child event. */
void effect_raise(struct process *process, uint32_t bits);
/* The process is no more: its pages, handles and timer go, and who holds a pidfd is told. */
void effect_release(struct process *process);
/* The terminal has lost its session, or has another foreground group. */
void effect_set_terminal(uint32_t rdev, uint32_t session, uint32_t group);
/* The threads' weight follows its process' nice value. */
void effect_set_weight(struct process *process);
/* A limit of processor time has been set. */
void effect_watch_limits(void);
/* The machine is to stop: init was asked to. */
void effect_power(enum process_power power);
