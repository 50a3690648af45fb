/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "allowance.h"

#include <stddef.h>

void allowances_init(struct allowances *allowances, uint32_t pids, uint32_t times)
{
    *allowances = (struct allowances){.limit = {
                                          [ALLOWANCE_PIDS] = pids,
                                          [ALLOWANCE_SIGNALS] = 1024 * times,
                                          [ALLOWANCE_SESSIONS] = 4096 * times,
                                          [ALLOWANCE_TIMERS] = 256 * times,
                                      }};
}

bool allowance_take(struct allowances *allowances, enum allowance what)
{
    if (allowances == NULL)
        return true;
    if (allowances->used[what] >= allowances->limit[what])
        return false;
    allowances->used[what]++;
    return true;
}

void allowance_give_back(struct allowances *allowances, enum allowance what)
{
    if (allowances != NULL)
        allowances->used[what]--;
}
