/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What happens to a process when it has used so much processor time:
 * ITIMER_VIRTUAL, ITIMER_PROF and RLIMIT_CPU.
 */
#pragma once

#include "alarm.h"

/* What a process has used so far. */
struct cpu_time {
    uint64_t user_ns, total_ns;
};

#define CPU_TIMER_NEVER UINT64_MAX

/* Whether there is anything to look at. */
bool cpu_timer_is_armed(const struct process *process);
/* Send what is due. How much more the process may use until something else is. */
uint64_t cpu_timer_examine(struct process *process, const struct cpu_time *used);
/* As alarm_set. */
void cpu_timer_set(struct process *process, enum cpu_timer_kind kind, const struct cpu_time *used,
                   const struct alarm_setting *wanted, struct alarm_setting *old);
