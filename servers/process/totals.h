/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Figures of the whole machine. */
#pragma once

#include <protocols/process.h>
#include <trellis/structures.h>

void totals_get(struct process_totals *totals);

/* Of one CPU, or of several together. */
struct cpu_times {
    uint64_t user_ns, system_ns, idle_ns;
    uint64_t interrupts, switches;
};
uint64_t totals_cpu_count(void);
void totals_of_cpu(uint32_t cpu, struct cpu_times *times);
void totals_of_cpus(struct cpu_times *times);
/* Seconds since 1970 at boot. */
int64_t totals_boot_time_s(void);
/* Real time becomes this, in ns since 1970, if the user may set it. 0, EPERM, EINVAL. */
int totals_set_real_time(uint32_t euid, uint64_t real_ns);
