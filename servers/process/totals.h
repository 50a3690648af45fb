/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Figures of the whole machine. */
#pragma once

#include <protocols/process.h>
#include <trellis/structures.h>

void totals_get(struct process_totals *totals);

struct machine_times {
    uint64_t uptime_ns;
    uint64_t user_ns, system_ns, idle_ns; /* all CPUs together */
};
void totals_times(struct machine_times *times, struct machine_information *machine);
/* Seconds since 1970 at boot. */
int64_t totals_boot_time_s(void);
