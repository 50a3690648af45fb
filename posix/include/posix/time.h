/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Reading the time page, and Linux' structures of time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <posix/linux/time.h>

struct task;
struct time_page;

/* Nanoseconds since boot; and since 1970. */
uint64_t time_boot_ns(const struct time_page *page);
uint64_t time_real_ns(const struct time_page *page);
int64_t time_real_offset_ns(const struct time_page *page);

/* What the caller's clock says, also of processor time. 0, or a negated errno. */
int time_read_clock(struct task *task, int32_t clock, uint64_t *ns);
/* One that is named by the caller's own number, as PROCESS_ or THREAD_CPUTIME_ID; others as they are. */
int32_t time_processor_clock(const struct task *task, int32_t clock);

/* False: negative, or a fraction of a second or more. Too long ones are cut at UINT64_MAX. */
bool time_from_timespec(const struct linux_timespec *time, uint64_t *ns);
bool time_from_timeval(const struct linux_timeval *time, uint64_t *ns);
struct linux_timespec time_to_timespec(uint64_t ns);
struct linux_timeval time_to_timeval(uint64_t ns);

/* A deadline `ns` (on this clock if `absolute`, else from now) in ns since boot. */
uint64_t time_deadline(uint32_t clock, bool absolute, uint64_t ns);
/* A timeout of the program, a timespec from now; address 0 is DEADLINE_NEVER. 0, -EFAULT, -EINVAL. */
int time_read_timeout(uint64_t address, uint64_t *deadline);
