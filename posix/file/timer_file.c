/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * timerfd: a counter of the kernel that its timer counts up. handles: the event.
 * extra: the first expiry in ns since boot (0: disarmed), the interval.
 */
#include "counter.h"

#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/time.h>
#include <posix/wait.h>
#include <trellis/native.h>

enum { TIMER_FIRST = 0, TIMER_INTERVAL = 1 };
#define TFD_TIMER_ABSTIME 1u

static int64_t timer_read(struct task *task, struct file *file, const struct transfer *transfer)
{
    return counter_take(task, file, transfer, false);
}

static void timer_poll(struct task *task, struct file *file, struct file_interest *interest)
{
    (void)task;
    if ((file_signals(file->handles[0]) & SIGNAL_COUNT) != 0)
        interest->ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if ((interest->events & (LINUX_POLLIN | LINUX_POLLRDNORM)) != 0)
        file_interest_add(interest, file->handles[0], SIGNAL_COUNT);
}

const struct file_operations timer_operations = {
    .kind = POSIX_FILE_TIMER,
    .name = "timerfd",
    .read = timer_read,
    .poll = timer_poll,
};

int64_t linux_timerfd_create(struct task *task, const struct timerfd_create_arguments *arguments)
{
    int32_t clock = arguments->clock;
    struct file *file;

    if ((arguments->flags & ~(uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)) != 0)
        return -LINUX_EINVAL;
    if (clock != LINUX_CLOCK_REALTIME && clock != LINUX_CLOCK_MONOTONIC &&
        clock != LINUX_CLOCK_BOOTTIME)
        return -LINUX_EINVAL;
    int error = counter_create(&timer_operations, 0, (uint32_t)arguments->flags, &file);
    if (error != 0)
        return error;
    file->rdev = (uint64_t)clock;
    const struct file_install install = {file, 0, (arguments->flags & LINUX_O_CLOEXEC) != 0};
    return file_install(task, &install);
}

/* What is left, as timerfd_gettime has it. */
static struct linux_itimerspec state_of(const struct file *file)
{
    uint64_t first = file->extra[TIMER_FIRST], interval = file->extra[TIMER_INTERVAL];
    uint64_t now = wait_clock_ns(), left = 0;

    if (first > now)
        left = first - now;
    else if (first != 0 && interval != 0)
        left = interval - (now - first) % interval;
    return (struct linux_itimerspec){time_to_timespec(interval), time_to_timespec(left)};
}

static int64_t set(struct file *file, const struct timerfd_settime_arguments *arguments)
{
    struct linux_itimerspec value;
    uint64_t first, interval, unread;
    bool absolute = (arguments->flags & TFD_TIMER_ABSTIME) != 0;

    int error = copy_from_program(&value, arguments->value, sizeof(value));
    if (error != 0)
        return error;
    if (!time_from_timespec(&value.value, &first) ||
        !time_from_timespec(&value.interval, &interval))
        return -LINUX_EINVAL;
    struct linux_itimerspec old = state_of(file);
    if (arguments->old != 0 && copy_to_program(arguments->old, &old, sizeof(old)) != 0)
        return -LINUX_EFAULT;
    uint64_t deadline =
        first == 0 ? DEADLINE_NEVER : time_deadline((uint32_t)file->rdev, absolute, first);
    (void)native_event_set_timer(file->handles[0], DEADLINE_NEVER, 0);
    (void)native_event_take(file->handles[0], 0, &unread);
    file->extra[TIMER_FIRST] = first == 0 ? 0 : deadline;
    file->extra[TIMER_INTERVAL] = interval;
    return request_error(native_event_set_timer(file->handles[0], deadline, interval));
}

int64_t linux_timerfd_settime(struct task *task, const struct timerfd_settime_arguments *arguments)
{
    struct file *file = file_get(task, arguments->fd);
    int64_t result = -LINUX_EINVAL;

    if (file == NULL)
        return -LINUX_EBADF;
    lock_acquire(&file->lock);
    if (file->operations == &timer_operations && arguments->flags <= TFD_TIMER_ABSTIME)
        result = set(file, arguments);
    lock_release(&file->lock);
    file_put(file);
    return result;
}

int64_t linux_timerfd_gettime(struct task *task, const struct timerfd_gettime_arguments *arguments)
{
    struct file *file = file_get(task, arguments->fd);
    int64_t result = -LINUX_EINVAL;

    if (file == NULL)
        return -LINUX_EBADF;
    if (file->operations == &timer_operations) {
        lock_acquire(&file->lock);
        struct linux_itimerspec state = state_of(file);
        lock_release(&file->lock);
        result = copy_to_program(arguments->value, &state, sizeof(state));
    }
    file_put(file);
    return result;
}
