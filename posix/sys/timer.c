/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* POSIX timers: kept by the process server, which sends their signals. */
#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/request.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <posix/time.h>
#include <posix/wait.h>

#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD_ID 4

struct linux_sigevent {
    uint64_t value;
    int32_t signal, notify;
    int32_t tid;
    int32_t unused[11];
};
_Static_assert(sizeof(struct linux_sigevent) == 64, "struct sigevent");

static bool is_clock(int32_t clock)
{
    return clock == LINUX_CLOCK_REALTIME || clock == LINUX_CLOCK_MONOTONIC ||
           clock == LINUX_CLOCK_BOOTTIME || clock == LINUX_CLOCK_PROCESS_CPUTIME_ID ||
           clock == LINUX_CLOCK_THREAD_CPUTIME_ID;
}

static int read_event(struct task *task, uint64_t address, struct process_timer *timer)
{
    struct linux_sigevent event = {.notify = SIGEV_SIGNAL, .signal = LINUX_SIGALRM};

    if (address != 0 && copy_from_program(&event, address, sizeof(event)) != 0)
        return -LINUX_EFAULT;
    *timer = (struct process_timer){.value = event.value};
    if (event.notify == SIGEV_NONE)
        return 0;
    if (event.signal < 1 || event.signal > SIGNAL_COUNT_MAX ||
        (event.notify != SIGEV_SIGNAL && event.notify != SIGEV_THREAD_ID))
        return -LINUX_EINVAL;
    timer->signal = (uint32_t)event.signal;
    timer->tid = event.notify == SIGEV_THREAD_ID ? (uint32_t)event.tid : 0;
    return 0;
}

static int timer_request(struct task *task, struct message *message,
                         enum process_timer_operation operation, int32_t id)
{
    message_begin(message, PROCESS_CLOCK_TIMER);
    message->words[0] = operation;
    message->words[1] = (uint32_t)id;
    return request_process(task, message);
}

int64_t linux_timer_create(struct task *task, const struct timer_create_arguments *arguments)
{
    struct process_timer timer;
    struct message message;

    int32_t clock = time_processor_clock(task, arguments->clock);

    if (!is_clock(clock))
        return -LINUX_EINVAL;
    int error = read_event(task, arguments->event, &timer);
    if (error != 0)
        return error;
    timer.clock = (uint32_t)clock;
    if (clock == LINUX_CLOCK_PROCESS_CPUTIME_ID)
        timer.used_by = PROCESS_TIMER_OF_ALL;
    else if (clock == LINUX_CLOCK_THREAD_CPUTIME_ID)
        timer.used_by = task->tid;
    message_begin(&message, PROCESS_CLOCK_TIMER);
    message.words[0] = PROCESS_TIMER_CREATE;
    message_copy_text(&message, task->frame, &timer, sizeof(timer));
    error = request_process(task, &message);
    if (error != 0)
        return error;
    int32_t id = (int32_t)message.words[0];
    return copy_to_program(arguments->id, &id, sizeof(id));
}

static int store(const struct message *message, uint64_t address)
{
    struct linux_itimerspec value = {time_to_timespec(message->words[1]),
                                     time_to_timespec(message->words[0])};
    return address == 0 ? 0 : copy_to_program(address, &value, sizeof(value));
}

/* From now on, as the server has it. */
static int find_left(struct task *task, const struct timer_settime_arguments *arguments,
                     uint64_t *left)
{
    struct message message;

    if ((arguments->flags & LINUX_TIMER_ABSTIME) == 0 || *left == 0)
        return 0;
    int error = timer_request(task, &message, PROCESS_TIMER_GET, arguments->id);
    if (error != 0)
        return error;
    uint64_t now;
    error = time_read_clock(task, (int32_t)message.words[3], &now);
    if (error == 0)
        *left = *left > now ? *left - now : 1;
    return error;
}

int64_t linux_timer_settime(struct task *task, const struct timer_settime_arguments *arguments)
{
    struct linux_itimerspec value;
    struct message message;
    uint64_t first, interval;

    if (copy_from_program(&value, arguments->value, sizeof(value)) != 0)
        return -LINUX_EFAULT;
    if (!time_from_timespec(&value.value, &first) ||
        !time_from_timespec(&value.interval, &interval))
        return -LINUX_EINVAL;
    int error = find_left(task, arguments, &first);
    if (error != 0)
        return error;
    message_begin(&message, PROCESS_CLOCK_TIMER);
    message.words[0] = PROCESS_TIMER_SET;
    message.words[1] = (uint32_t)arguments->id;
    message.words[2] = first;
    message.words[3] = interval;
    error = request_process(task, &message);
    return error != 0 ? error : store(&message, arguments->old);
}

int64_t linux_timer_gettime(struct task *task, const struct timer_gettime_arguments *arguments)
{
    struct message message;
    int error = timer_request(task, &message, PROCESS_TIMER_GET, arguments->id);

    return error != 0 ? error : store(&message, arguments->value);
}

int64_t linux_timer_getoverrun(struct task *task,
                               const struct timer_getoverrun_arguments *arguments)
{
    struct message message;
    int error = timer_request(task, &message, PROCESS_TIMER_GET, arguments->id);

    return error != 0 ? error : (int64_t)message.words[2];
}

int64_t linux_timer_delete(struct task *task, const struct timer_delete_arguments *arguments)
{
    struct message message;
    return timer_request(task, &message, PROCESS_TIMER_DELETE, arguments->id);
}
