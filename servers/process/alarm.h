/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* ITIMER_REAL and alarm. */
#pragma once

#include "table.h"

struct alarm_setting {
    uint64_t left_ns; /* until it fires; 0: disarmed */
    uint64_t interval_ns;
};

/* Set it unless `wanted` is NULL; `old` is what it was. ENOMEM. */
int alarm_set(struct process *process, const struct alarm_setting *wanted,
              struct alarm_setting *old);
/* KEY_ALARM fired. */
void alarm_fired(uint32_t pid);
