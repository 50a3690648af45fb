/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The interval timers, of which ITIMER_REAL is kept here. */
#pragma once

#include "table.h"

struct alarm_setting {
    uint64_t left_ns; /* until it fires; 0: disarmed */
    uint64_t interval_ns;
};

/* Set the timer ITIMER_`which` unless `wanted` is NULL; `old` is what it was. EINVAL, ENOMEM. */
int alarm_set(struct process *process, uint64_t which, const struct alarm_setting *wanted,
              struct alarm_setting *old);
/* KEY_ALARM fired. */
void alarm_fired(uint32_t pid);
