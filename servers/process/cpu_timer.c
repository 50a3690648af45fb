/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "cpu_timer.h"

#include "limits.h"
#include "signal.h"

#define NS_PER_S UINT64_C(1000000000)

static uint64_t used_of(const struct cpu_time *used, enum cpu_timer_kind kind)
{
    return kind == CPU_TIMER_VIRTUAL ? used->user_ns : used->total_ns;
}

bool cpu_timer_is_armed(const struct process *process)
{
    const uint64_t *limit = process->info->limits[LIMIT_CPU];

    return process->cpu_timers[CPU_TIMER_VIRTUAL].expiry_ns != 0 ||
           process->cpu_timers[CPU_TIMER_PROF].expiry_ns != 0 || limit[0] != LIMIT_NONE ||
           limit[1] != LIMIT_NONE;
}

static void send(struct process *process, unsigned number)
{
    const struct process_signal signal = {.number = (int32_t)number, .code = SIGNAL_CODE_KERNEL};
    (void)signal_send(process, NULL, &signal);
}

static uint64_t examine_timer(struct process *process, enum cpu_timer_kind kind, uint64_t used)
{
    struct cpu_timer *timer = &process->cpu_timers[kind];

    if (timer->expiry_ns == 0)
        return CPU_TIMER_NEVER;
    if (used >= timer->expiry_ns) {
        uint64_t periods =
            timer->interval_ns == 0 ? 0 : (used - timer->expiry_ns) / timer->interval_ns + 1;
        timer->expiry_ns = periods == 0 ? 0 : timer->expiry_ns + periods * timer->interval_ns;
        send(process, kind == CPU_TIMER_VIRTUAL ? SIGNAL_VTALRM : SIGNAL_PROF);
    }
    return timer->expiry_ns == 0 ? CPU_TIMER_NEVER : timer->expiry_ns - used;
}

/* Seconds as nanoseconds; a limit of 0 is one second, as on Linux. */
static uint64_t limit_ns(uint64_t seconds)
{
    if (seconds == 0)
        seconds = 1;
    return seconds > CPU_TIMER_NEVER / NS_PER_S ? CPU_TIMER_NEVER : seconds * NS_PER_S;
}

/* SIGXCPU at the soft limit and each second behind it. */
static uint64_t examine_limit(struct process *process, uint64_t used)
{
    const uint64_t *limit = process->info->limits[LIMIT_CPU];
    uint64_t hard = limit_ns(limit[1]);
    uint64_t soft = limit_ns(limit[0]);

    if (used >= hard) {
        send(process, SIGNAL_KILL);
        return CPU_TIMER_NEVER;
    }
    if (soft < process->cpu_warning_ns)
        soft = process->cpu_warning_ns;
    if (used >= soft) {
        process->cpu_warning_ns = soft = used + NS_PER_S;
        send(process, SIGNAL_XCPU);
    }
    uint64_t next = soft < hard ? soft : hard;
    return next == CPU_TIMER_NEVER ? next : next - used;
}

static uint64_t least(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

uint64_t cpu_timer_examine(struct process *process, const struct cpu_time *used)
{
    uint64_t next = examine_limit(process, used->total_ns);

    next = least(next, examine_timer(process, CPU_TIMER_VIRTUAL, used->user_ns));
    return least(next, examine_timer(process, CPU_TIMER_PROF, used->total_ns));
}

void cpu_timer_set(struct process *process, enum cpu_timer_kind kind, const struct cpu_time *used,
                   const struct alarm_setting *wanted, struct alarm_setting *old)
{
    struct cpu_timer *timer = &process->cpu_timers[kind];
    uint64_t now = used_of(used, kind);

    *old = (struct alarm_setting){0, timer->interval_ns};
    if (timer->expiry_ns != 0)
        old->left_ns = timer->expiry_ns > now ? timer->expiry_ns - now : 1;
    if (wanted == NULL)
        return;
    bool arms = wanted->left_ns != 0;
    timer->expiry_ns = arms ? now + wanted->left_ns : 0;
    timer->interval_ns = arms ? wanted->interval_ns : 0;
}
