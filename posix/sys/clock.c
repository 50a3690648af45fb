/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Clocks and sleeps. */
#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/time.h>
#include <posix/usage.h>
#include <posix/wait.h>
#include <trellis/native.h>

#define US_NS 1000
/* Linux' bound: 30 years below the end of what a signed 64-bit count of nanoseconds holds. */
#define SETTABLE_MAX_S (UINT64_C(9223372036) - UINT64_C(30) * 365 * 24 * 3600)

/* Processor time of the caller. */
static int read_used(struct task *task, uint64_t of, uint64_t *ns)
{
    struct process_usage usage;
    int error = usage_read(task, of, &usage);

    if (error == 0)
        *ns = (usage.user_us + usage.system_us) * US_NS;
    return error;
}

/* Whether the clock is one whose time is that of the time page, from boot or from 1970. */
static bool is_page_clock(int32_t clock)
{
    return clock == LINUX_CLOCK_MONOTONIC || clock == LINUX_CLOCK_MONOTONIC_RAW ||
           clock == LINUX_CLOCK_MONOTONIC_COARSE || clock == LINUX_CLOCK_BOOTTIME ||
           clock == LINUX_CLOCK_BOOTTIME_ALARM || clock == LINUX_CLOCK_REALTIME ||
           clock == LINUX_CLOCK_REALTIME_COARSE || clock == LINUX_CLOCK_REALTIME_ALARM ||
           clock == LINUX_CLOCK_TAI;
}

static bool is_real_clock(int32_t clock)
{
    return clock == LINUX_CLOCK_REALTIME || clock == LINUX_CLOCK_REALTIME_COARSE ||
           clock == LINUX_CLOCK_REALTIME_ALARM || clock == LINUX_CLOCK_TAI;
}

/* The negative clocks of pthread_getcpuclockid: bit 2 tells a thread's from a process'. */
int32_t time_processor_clock(const struct task *task, int32_t clock)
{
    uint32_t id = ~(uint32_t)clock >> 3;

    if (clock >= 0 || (clock & 3) != 2 || (id != 0 && id != task_pid(task) && id != task->tid))
        return clock;
    return (clock & 4) != 0 ? LINUX_CLOCK_THREAD_CPUTIME_ID : LINUX_CLOCK_PROCESS_CPUTIME_ID;
}

int time_read_clock(struct task *task, int32_t clock, uint64_t *ns)
{
    if (is_page_clock(clock)) {
        *ns = is_real_clock(clock) ? time_real_ns(library.time) : time_boot_ns(library.time);
        return 0;
    }
    clock = time_processor_clock(task, clock);
    if (clock == LINUX_CLOCK_PROCESS_CPUTIME_ID)
        return read_used(task, 0, ns);
    if (clock == LINUX_CLOCK_THREAD_CPUTIME_ID)
        return read_used(task, 2, ns);
    return -LINUX_EINVAL;
}

int64_t linux_clock_gettime(struct task *task, const struct clock_gettime_arguments *arguments)
{
    uint64_t ns;
    int error = time_read_clock(task, arguments->clock, &ns);

    if (error != 0)
        return error;
    struct linux_timespec time = time_to_timespec(ns);
    return copy_to_program(arguments->time, &time, sizeof(time));
}

int64_t linux_clock_getres(struct task *task, const struct clock_getres_arguments *arguments)
{
    struct linux_timespec resolution = {0, 1};

    if (!is_page_clock(arguments->clock) && arguments->clock != LINUX_CLOCK_PROCESS_CPUTIME_ID &&
        arguments->clock != LINUX_CLOCK_THREAD_CPUTIME_ID)
        return -LINUX_EINVAL;
    return arguments->resolution == 0
               ? 0
               : copy_to_program(arguments->resolution, &resolution, sizeof(resolution));
}

int64_t linux_gettimeofday(struct task *task, const struct gettimeofday_arguments *arguments)
{
    struct linux_timeval time = time_to_timeval(time_real_ns(library.time));
    int error = 0;

    if (arguments->time != 0)
        error = copy_to_program(arguments->time, &time, sizeof(time));
    if (error == 0 && arguments->zone != 0)
        error = copy_zero_program(arguments->zone, 2 * sizeof(uint32_t));
    return error;
}

static int read_time(uint64_t address, uint64_t *ns)
{
    struct linux_timespec time;

    if (copy_from_program(&time, address, sizeof(time)) != 0)
        return -LINUX_EFAULT;
    return time_from_timespec(&time, ns) ? 0 : -LINUX_EINVAL;
}

static int set_real(struct task *task, uint64_t ns)
{
    struct message message;

    if (ns > SETTABLE_MAX_S * NS_PER_SECOND)
        return -LINUX_EINVAL;
    message_begin(&message, PROCESS_SET_TIME);
    message.words[0] = ns;
    return request_process(task, &message);
}

int64_t linux_clock_settime(struct task *task, const struct clock_settime_arguments *arguments)
{
    uint64_t ns;

    if (arguments->clock != LINUX_CLOCK_REALTIME)
        return -LINUX_EINVAL;
    int error = read_time(arguments->time, &ns);
    return error != 0 ? error : set_real(task, ns);
}

/* There is no time zone to set but UTC. */
static int check_zone(const struct task *task, uint64_t address)
{
    int32_t zone[2];

    if (copy_from_program(zone, address, sizeof(zone)) != 0)
        return -LINUX_EFAULT;
    if (task->group->info->euid != 0)
        return -LINUX_EPERM;
    return zone[0] == 0 && zone[1] == 0 ? 0 : -LINUX_EINVAL;
}

int64_t linux_settimeofday(struct task *task, const struct settimeofday_arguments *arguments)
{
    struct linux_timeval time;
    uint64_t ns;

    if (arguments->time != 0) {
        if (copy_from_program(&time, arguments->time, sizeof(time)) != 0)
            return -LINUX_EFAULT;
        if (!time_from_timeval(&time, &ns))
            return -LINUX_EINVAL;
    }
    int error = arguments->zone != 0 ? check_zone(task, arguments->zone) : 0;
    if (error != 0)
        return error;
    if (task->group->info->euid != 0)
        return -LINUX_EPERM;
    return arguments->time == 0 ? 0 : set_real(task, ns);
}

int64_t linux_time(struct task *task, const struct time_arguments *arguments)
{
    int64_t seconds = (int64_t)(time_real_ns(library.time) / NS_PER_SECOND);

    if (arguments->time != 0 && copy_to_program(arguments->time, &seconds, sizeof(seconds)) != 0)
        return -LINUX_EFAULT;
    return seconds;
}

/* What is left of a sleep that a handler ended. */
static int store_rest(uint64_t address, uint64_t deadline)
{
    uint64_t now = wait_clock_ns();
    struct linux_timespec rest = time_to_timespec(deadline > now ? deadline - now : 0);

    return address == 0 ? 0 : copy_to_program(address, &rest, sizeof(rest));
}

enum sleep_saved { SLEEP_DEADLINE, SLEEP_REST };

static int64_t sleep_until(struct task *task, uint64_t deadline)
{
    struct wait_item item = {.handle = task->group->child_event};
    return wait_for_items(task, &item, 0, deadline);
}

static int64_t sleep_on(struct task *task, const uint64_t *saved);

/* A sleep of some length: goes on by restart_syscall, for its end is fixed. */
static int64_t sleep_relative(struct task *task, uint64_t deadline, uint64_t rest)
{
    int64_t result = sleep_until(task, deadline);

    if (result != -POSIX_RESTART)
        return result;
    if (store_rest(rest, deadline) != 0)
        return -LINUX_EFAULT;
    task->restart = (struct task_restart){sleep_on, {deadline, rest}};
    return -POSIX_RESTART_RESUME;
}

static int64_t sleep_on(struct task *task, const uint64_t *saved)
{
    return sleep_relative(task, saved[SLEEP_DEADLINE], saved[SLEEP_REST]);
}

int64_t linux_restart_syscall(struct task *task, const struct restart_syscall_arguments *arguments)
{
    struct task_restart restart = task->restart;

    if (restart.resume == NULL)
        return -LINUX_EINTR;
    return restart.resume(task, restart.saved);
}

int64_t linux_nanosleep(struct task *task, const struct nanosleep_arguments *arguments)
{
    uint64_t ns;
    int error = read_time(arguments->duration, &ns);

    return error != 0 ? error : sleep_relative(task, wait_deadline(ns), arguments->remaining);
}

int64_t linux_clock_nanosleep(struct task *task, const struct clock_nanosleep_arguments *arguments)
{
    uint64_t ns;
    int32_t clock = arguments->clock;
    bool absolute = (arguments->flags & LINUX_TIMER_ABSTIME) != 0;

    if (clock == LINUX_CLOCK_THREAD_CPUTIME_ID || !is_page_clock(clock))
        return clock == LINUX_CLOCK_PROCESS_CPUTIME_ID ? -LINUX_EOPNOTSUPP : -LINUX_EINVAL;
    int error = read_time(arguments->duration, &ns);
    if (error != 0)
        return error;
    if (!absolute)
        return sleep_relative(task, wait_deadline(ns), arguments->remaining);
    uint32_t base = is_real_clock(clock) ? LINUX_CLOCK_REALTIME : LINUX_CLOCK_MONOTONIC;
    int64_t result = sleep_until(task, time_deadline(base, true, ns));
    return result == -POSIX_RESTART ? -POSIX_RESTART_UNLESS_HANDLED : result;
}
