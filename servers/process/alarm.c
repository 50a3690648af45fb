/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "alarm.h"

#include <base/errno.h>
#include <trellis/native.h>

#include "cpu_clock.h"
#include "server.h"
#include "signal.h"

static int64_t create(struct process *process)
{
    if (process->alarm.event != HANDLE_NONE)
        return 0;
    int64_t event = native_event_create(server.account, 0, 0);
    if (event < 0)
        return event;
    int64_t result = native_observe(server.endpoint, (handle_t)event, SIGNAL_TIMER,
                                    key_of(KEY_ALARM, process->pid), OBSERVE_EDGE);
    if (result < 0)
        server_close((handle_t)event);
    else
        process->alarm.event = (handle_t)event;
    return result;
}

static void ask(const struct alarm *alarm, struct alarm_setting *setting)
{
    uint64_t now = server_clock_ns();

    *setting = (struct alarm_setting){0, alarm->interval};
    if (alarm->deadline != 0)
        setting->left_ns = alarm->deadline > now ? alarm->deadline - now : 1;
}

static int set_real(struct process *process, const struct alarm_setting *wanted,
                    struct alarm_setting *old)
{
    struct alarm *alarm = &process->alarm;

    ask(alarm, old);
    if (wanted == NULL || (wanted->left_ns == 0 && alarm->event == HANDLE_NONE))
        return 0;
    if (create(process) < 0)
        return LINUX_ENOMEM;
    alarm->deadline = wanted->left_ns == 0 ? 0 : server_clock_ns() + wanted->left_ns;
    alarm->interval = wanted->left_ns == 0 ? 0 : wanted->interval_ns;
    int64_t result = native_event_set_timer(
        alarm->event, alarm->deadline == 0 ? DEADLINE_NEVER : alarm->deadline, alarm->interval);
    return result < 0 ? LINUX_EINVAL : 0;
}

int alarm_set(struct process *process, uint64_t which, const struct alarm_setting *wanted,
              struct alarm_setting *old)
{
    *old = (struct alarm_setting){0};
    switch (which) {
    case 0:
        return set_real(process, wanted, old);
    case 1:
        return cpu_clock_set(process, CPU_TIMER_VIRTUAL, wanted, old);
    case 2:
        return cpu_clock_set(process, CPU_TIMER_PROF, wanted, old);
    default:
        return LINUX_EINVAL;
    }
}

void alarm_fired(uint32_t pid)
{
    struct process *process = process_find(pid);
    struct process_signal signal = {.number = SIGNAL_ALRM, .code = SIGNAL_CODE_KERNEL};

    if (process == NULL || process->alarm.deadline == 0 ||
        process->alarm.deadline > server_clock_ns())
        return;
    if (process->alarm.interval == 0)
        process->alarm.deadline = 0;
    else
        process->alarm.deadline += process->alarm.interval;
    (void)signal_send(process, NULL, &signal);
}
