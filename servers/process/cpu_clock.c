/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The kernel counts the time that processes use but tells nobody when it is so
 * much. Before what is armed can be due at least as much real time must pass,
 * divided by the number of processors: so long nobody is looked at, and if
 * nothing is armed nobody ever is.
 */
#include "cpu_clock.h"

#include <base/errno.h>
#include <trellis/native.h>

#include "effects.h"
#include "end.h"
#include "server.h"
#include "timer.h"
#include "totals.h"

#define NS_PER_US UINT64_C(1000)
#define CLOSEST_NS UINT64_C(1000000) /* between two looks */

static handle_t event;

static struct cpu_time time_of(const struct process *process)
{
    struct process_usage usage;

    end_measure(process, &usage);
    return (struct cpu_time){usage.user_us * NS_PER_US,
                             (usage.user_us + usage.system_us) * NS_PER_US};
}

bool cpu_clock_has_event(void)
{
    if (event != HANDLE_NONE)
        return true;
    int64_t created = native_event_create(server.account, 0, 0);
    if (created < 0)
        return false;
    if (native_observe(server.endpoint, (handle_t)created, SIGNAL_TIMER, key_of(KEY_CPU, 0),
                       OBSERVE_EDGE) < 0) {
        server_close((handle_t)created);
        return false;
    }
    event = (handle_t)created;
    return true;
}

static uint64_t examine_all(void)
{
    uint64_t next = CPU_TIMER_NEVER;

    list_for_each_safe (process_all(), node) {
        struct process *process = container_of_process(node, all_link);
        if (process->kernel == NULL || !process_is_alive(process) || !cpu_timer_is_armed(process))
            continue;
        const struct cpu_time used = time_of(process);
        uint64_t left = cpu_timer_examine(process, &used);
        next = left < next ? left : next;
    }
    return next;
}

void cpu_clock_watch(void)
{
    uint64_t left = examine_all(), timers = timer_examine_used();

    left = timers < left ? timers : left;
    if (left == CPU_TIMER_NEVER || !cpu_clock_has_event())
        return;
    left /= totals_cpu_count();
    left = left < CLOSEST_NS ? CLOSEST_NS : left;
    (void)native_event_set_timer(event, server_clock_ns() + left, 0);
}

void effect_watch_limits(void)
{
    cpu_clock_watch();
}

int cpu_clock_set(struct process *process, enum cpu_timer_kind kind,
                  const struct alarm_setting *wanted, struct alarm_setting *old)
{
    const struct cpu_time used = time_of(process);

    if (!cpu_clock_has_event())
        return LINUX_ENOMEM;
    cpu_timer_set(process, kind, &used, wanted, old);
    if (wanted != NULL)
        cpu_clock_watch();
    return 0;
}
