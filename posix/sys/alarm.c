/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The interval timers: kept by the process server, which sends their signals. */
#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/time.h>

#define ITIMER_REAL 0
#define ASK_ONLY 1

struct setting {
    uint64_t left_ns, interval_ns;
};

static int alarm_request(struct task *task, int32_t which, const struct setting *wanted,
                         struct setting *old)
{
    struct message message;

    message_begin(&message, PROCESS_TIMER);
    if (wanted != NULL) {
        message.words[0] = wanted->left_ns;
        message.words[1] = wanted->interval_ns;
    }
    message.words[2] = wanted == NULL ? ASK_ONLY : 0;
    message.words[3] = (uint64_t)which;
    int error = request_process(task, &message);
    *old = (struct setting){message.words[0], message.words[1]};
    return error;
}

static int store_setting(const struct setting *setting, uint64_t address)
{
    struct linux_itimerval value = {time_to_timeval(setting->interval_ns),
                                    time_to_timeval(setting->left_ns)};
    return copy_to_program(address, &value, sizeof(value));
}

int64_t linux_getitimer(struct task *task, const struct getitimer_arguments *arguments)
{
    struct setting old;
    int error = alarm_request(task, arguments->which, NULL, &old);

    return error != 0 ? error : store_setting(&old, arguments->value);
}

int64_t linux_setitimer(struct task *task, const struct setitimer_arguments *arguments)
{
    struct linux_itimerval value = {0};
    struct setting wanted, old;

    if (arguments->value != 0 && copy_from_program(&value, arguments->value, sizeof(value)) != 0)
        return -LINUX_EFAULT;
    if (!time_from_timeval(&value.value, &wanted.left_ns) ||
        !time_from_timeval(&value.interval, &wanted.interval_ns))
        return -LINUX_EINVAL;
    int error = alarm_request(task, arguments->which, &wanted, &old);
    if (error != 0 || arguments->old == 0)
        return error;
    return store_setting(&old, arguments->old);
}

int64_t linux_alarm(struct task *task, const struct alarm_arguments *arguments)
{
    struct setting wanted = {arguments->seconds * NS_PER_SECOND, 0}, old;
    int error = alarm_request(task, ITIMER_REAL, &wanted, &old);

    if (error != 0)
        return 0;
    uint64_t seconds = (old.left_ns + NS_PER_SECOND / 2) / NS_PER_SECOND;
    return old.left_ns > 0 && seconds == 0 ? 1 : (int64_t)seconds;
}
