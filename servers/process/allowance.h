/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What this server keeps for a user: so many of each, whatever its processes do. What
 * the kernel keeps is limited by the user's account (accounts.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum allowance {
    ALLOWANCE_PIDS,     /* zombies too */
    ALLOWANCE_SIGNALS,  /* that wait to be taken */
    ALLOWANCE_SESSIONS, /* with /proc */
    ALLOWANCE_TIMERS,
    ALLOWANCE_COUNT
};

struct allowances {
    uint32_t used[ALLOWANCE_COUNT];
    uint32_t limit[ALLOWANCE_COUNT];
};

/* Of a user with at most `pids` processes; root's are `times` what others have. */
void allowances_init(struct allowances *allowances, uint32_t pids, uint32_t times);
/* One more; false: the user has as many as it may. NULL is the system: never refused. */
bool allowance_take(struct allowances *allowances, enum allowance what);
void allowance_give_back(struct allowances *allowances, enum allowance what);
