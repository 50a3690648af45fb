/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The clock of cpu_timer.h: when to look at which process. */
#pragma once

#include "cpu_timer.h"

/* As alarm_set. */
int cpu_clock_set(struct process *process, enum cpu_timer_kind kind,
                  const struct alarm_setting *wanted, struct alarm_setting *old);
/* False: there is no memory for what says when to look. */
bool cpu_clock_has_event(void);
/* Something has been armed, or KEY_CPU has fired: look at all, and once more when it may be time. */
void cpu_clock_watch(void);
