/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Descriptors of processes. handles: the event of OPEN_PID. extra[0]: the pid.
 */
#include <posix/pidfd.h>

#include <base/errno.h>
#include <posix/calls.h>
#include <posix/request.h>
#include <posix/task.h>

#include "sorts.h"

static void pidfd_poll(struct task *task, struct file *file, struct file_interest *interest)
{
    (void)task;
    if ((file_signals(file->handles[0]) & PROCESS_PID_ENDED) != 0)
        interest->ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    file_interest_add(interest, file->handles[0], PROCESS_PID_ENDED);
}

const struct file_operations pidfd_operations = {
    .kind = POSIX_FILE_PROCESS,
    .name = "pidfd",
    .poll = pidfd_poll,
};

int pidfd_create(struct task *task, uint32_t pid, uint32_t flags)
{
    struct message message;

    message_begin(&message, PROCESS_OPEN_PID);
    message.words[0] = pid;
    int error = request_process(task, &message);
    if (error != 0)
        return error;
    if (message_handle_count(message.information) != 1)
        return -LINUX_EIO;
    handle_t event = task->frame->handles[0].handle;
    struct file *file = file_create(&pidfd_operations, LINUX_O_RDWR | (flags & LINUX_O_NONBLOCK));
    if (file == NULL) {
        request_close_handle(event);
        return -LINUX_ENOMEM;
    }
    file->handles[0] = event;
    file->extra[0] = pid;
    const struct file_install install = {file, 0, true};
    return file_install(task, &install);
}

int64_t pidfd_pid(struct task *task, int fd)
{
    struct file *file = file_get(task, fd);

    if (file == NULL)
        return -LINUX_EBADF;
    int64_t pid = file->operations == &pidfd_operations ? (int64_t)file->extra[0] : -LINUX_EBADF;
    file_put(file);
    return pid;
}

int64_t linux_pidfd_open(struct task *task, const struct pidfd_open_arguments *arguments)
{
    if (arguments->pid <= 0 || (arguments->flags & ~(uint64_t)LINUX_O_NONBLOCK) != 0)
        return -LINUX_EINVAL;
    return pidfd_create(task, (uint32_t)arguments->pid, (uint32_t)arguments->flags);
}
