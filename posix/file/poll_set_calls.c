/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The epoll calls.
 */
#include "poll_set.h"

#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/task.h>
#include <posix/time.h>
#include <posix/wait.h>

#include "poll.h"

#define EVENTS_MAX (INT32_MAX / (int32_t)sizeof(struct linux_epoll_event))
#define NS_PER_MS UINT64_C(1000000)
enum { EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3 };

static int64_t create(struct task *task, bool close_on_exec)
{
    struct file *file;
    int error = poll_set_create(task, &file);
    if (error != 0)
        return error;
    const struct file_install install = {file, 0, close_on_exec};
    return file_install(task, &install);
}

int64_t linux_epoll_create(struct task *task, const struct epoll_create_arguments *arguments)
{
    return arguments->size <= 0 ? -LINUX_EINVAL : create(task, false);
}

int64_t linux_epoll_create1(struct task *task, const struct epoll_create1_arguments *arguments)
{
    if ((arguments->flags & ~(uint64_t)LINUX_O_CLOEXEC) != 0)
        return -LINUX_EINVAL;
    return create(task, arguments->flags != 0);
}

/* The file of a set's descriptor. 0, -EBADF, -EINVAL. */
static int get_set(struct task *task, int fd, struct file **set)
{
    *set = file_get(task, fd);
    if (*set == NULL)
        return -LINUX_EBADF;
    if ((*set)->operations == &poll_set_operations)
        return 0;
    file_put(*set);
    return -LINUX_EINVAL;
}

static int64_t control(struct task *task, struct file *set, int32_t operation,
                       const struct poll_watch *watch)
{
    if (watch->file == set)
        return -LINUX_EINVAL;
    switch (operation) {
    case EPOLL_CTL_ADD:
        return poll_set_add(task, set, watch);
    case EPOLL_CTL_MOD:
        return poll_set_change(task, set, watch);
    case EPOLL_CTL_DEL:
        return poll_set_remove(set, watch);
    default:
        return -LINUX_EINVAL;
    }
}

int64_t linux_epoll_ctl(struct task *task, const struct epoll_ctl_arguments *arguments)
{
    struct linux_epoll_event event = {0};
    struct file *set;

    if (arguments->operation != EPOLL_CTL_DEL &&
        copy_from_program(&event, arguments->event, sizeof(event)) != 0)
        return -LINUX_EFAULT;
    struct file *file = file_get_open(task, arguments->target);
    if (file == NULL)
        return -LINUX_EBADF;
    int64_t result = get_set(task, arguments->fd, &set);
    if (result == 0) {
        const struct poll_watch watch = {file, arguments->target, event.events, event.data};
        result = control(task, set, arguments->operation, &watch);
        file_put(set);
    }
    file_put(file);
    return result;
}

/* One of the waiting calls, with its mask's address and size. */
struct epoll_call {
    int fd, limit;
    uint64_t events, mask, mask_size, deadline;
};

static int64_t wait_call(struct task *task, const struct epoll_call *call)
{
    struct poll_mask mask;
    struct file *set;

    if (call->limit <= 0 || call->limit > EVENTS_MAX)
        return -LINUX_EINVAL;
    int64_t result = get_set(task, call->fd, &set);
    if (result != 0)
        return result;
    result = poll_mask_begin(task, &mask, call->mask, call->mask_size);
    if (result == 0) {
        const struct poll_set_wait wait = {call->events, (size_t)call->limit, call->deadline};
        result = poll_set_wait(task, set, &wait);
        poll_mask_end(task, &mask, result);
    }
    file_put(set);
    return result;
}

static uint64_t deadline_of_ms(int32_t timeout)
{
    if (timeout == 0)
        return DEADLINE_NOW;
    return timeout < 0 ? DEADLINE_NEVER : wait_deadline((uint64_t)timeout * NS_PER_MS);
}

int64_t linux_epoll_wait(struct task *task, const struct epoll_wait_arguments *arguments)
{
    const struct epoll_call call = {.fd = arguments->fd,
                                    .limit = arguments->count,
                                    .events = arguments->events,
                                    .deadline = deadline_of_ms(arguments->timeout)};
    return wait_call(task, &call);
}

int64_t linux_epoll_pwait(struct task *task, const struct epoll_pwait_arguments *arguments)
{
    const struct epoll_call call = {.fd = arguments->fd,
                                    .limit = arguments->count,
                                    .events = arguments->events,
                                    .mask = arguments->mask,
                                    .mask_size = arguments->size,
                                    .deadline = deadline_of_ms(arguments->timeout)};
    return wait_call(task, &call);
}

int64_t linux_epoll_pwait2(struct task *task, const struct epoll_pwait2_arguments *arguments)
{
    struct epoll_call call = {.fd = arguments->fd,
                              .limit = arguments->count,
                              .events = arguments->events,
                              .mask = arguments->mask,
                              .mask_size = arguments->size};
    int error = time_read_timeout(arguments->timeout, &call.deadline);
    return error != 0 ? error : wait_call(task, &call);
}
