/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Calls on descriptors themselves: dup, close, fcntl, and the ioctls that every
 * file has.
 */
#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/linux/ioctl.h>
#include <posix/linux/process.h>
#include <posix/task.h>

#include "pipe.h"
#include "record_lock.h"
#include "sorts.h"
#include "table.h"

static int64_t duplicate(struct task *task, int fd, int from, bool close_on_exec)
{
    struct file *file = file_get(task, fd);

    if (file == NULL)
        return -LINUX_EBADF;
    if (from < 0 || (uint64_t)from >= task_limit(task, LINUX_RLIMIT_NOFILE)) {
        file_put(file);
        return -LINUX_EINVAL;
    }
    const struct file_install install = {file, from, close_on_exec};
    return file_install(task, &install);
}

static int64_t duplicate_to(struct task *task, int fd, int target, bool close_on_exec)
{
    struct file *file = file_get(task, fd);

    if (file == NULL)
        return -LINUX_EBADF;
    const struct file_install install = {file, target, close_on_exec};
    return file_replace(task, &install);
}

int64_t linux_dup(struct task *task, const struct dup_arguments *arguments)
{
    return duplicate(task, arguments->fd, 0, false);
}

int64_t linux_dup2(struct task *task, const struct dup2_arguments *arguments)
{
    if (arguments->fd == arguments->target) {
        int flags = file_descriptor_flags(task, arguments->fd, NULL);
        return flags < 0 ? flags : arguments->target;
    }
    return duplicate_to(task, arguments->fd, arguments->target, false);
}

int64_t linux_dup3(struct task *task, const struct dup3_arguments *arguments)
{
    if (arguments->fd == arguments->target || (arguments->flags & ~LINUX_O_CLOEXEC) != 0)
        return -LINUX_EINVAL;
    return duplicate_to(task, arguments->fd, arguments->target,
                        (arguments->flags & LINUX_O_CLOEXEC) != 0);
}

int64_t linux_close(struct task *task, const struct close_arguments *arguments)
{
    struct file *file = file_remove(task, arguments->fd);

    if (file == NULL)
        return -LINUX_EBADF;
    file_close(task, file);
    return 0;
}

int64_t linux_close_range(struct task *task, const struct close_range_arguments *arguments)
{
    enum { UNSHARE = 2, CLOEXEC = 4 };
    const bool set = true;

    if ((arguments->flags & ~(uint64_t)(UNSHARE | CLOEXEC)) != 0 ||
        arguments->first > arguments->last)
        return -LINUX_EINVAL;
    if ((arguments->flags & UNSHARE) != 0) {
        struct file_table *own = file_table_copy(task, task->files);
        if (own == NULL)
            return -LINUX_ENOMEM;
        file_table_release(task, task->files);
        task->files = own;
        file_table_publish(task);
    }
    size_t end = file_table_size(task);
    for (size_t fd = arguments->first; fd <= arguments->last && fd < end; fd++) {
        if ((arguments->flags & CLOEXEC) != 0) {
            (void)file_descriptor_flags(task, (int)fd, &set);
            continue;
        }
        struct file *file = file_remove(task, (int)fd);
        if (file != NULL)
            file_close(task, file);
    }
    return 0;
}

static void set_status_flags(struct file *file, uint32_t flags)
{
    const uint32_t settable =
        LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_ASYNC | LINUX_O_DIRECT | LINUX_O_NOATIME;
    uint32_t old = __atomic_load_n(&file->status_flags, __ATOMIC_RELAXED);

    while (!__atomic_compare_exchange_n(&file->status_flags, &old,
                                        (old & ~settable) | (flags & settable), false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

static int64_t control_file(struct task *task, struct file *file,
                            const struct fcntl_arguments *arguments)
{
    switch (arguments->command) {
    case LINUX_F_GETFL:
        return file->status_flags |
               ((file->status_flags & LINUX_O_PATH) == 0 ? LINUX_O_LARGEFILE : 0);
    case LINUX_F_SETFL:
        set_status_flags(file, (uint32_t)arguments->argument);
        return 0;
    case LINUX_F_GETLK:
    case LINUX_F_SETLK:
    case LINUX_F_SETLKW:
    case LINUX_F_OFD_GETLK:
    case LINUX_F_OFD_SETLK:
    case LINUX_F_OFD_SETLKW:
        return record_lock_control(task, file, arguments->command, arguments->argument);
    case LINUX_F_GETPIPE_SZ:
        return pipe_capacity(file);
    case LINUX_F_SETPIPE_SZ: {
        int64_t capacity = pipe_capacity(file);
        return capacity >= 0 && arguments->argument > (uint64_t)capacity ? -LINUX_EPERM : capacity;
    }
    case LINUX_F_GETOWN:
        return 0;
    default:
        return -LINUX_EINVAL;
    }
}

int64_t linux_fcntl(struct task *task, const struct fcntl_arguments *arguments)
{
    const bool close_on_exec = (arguments->argument & LINUX_FD_CLOEXEC) != 0;

    switch (arguments->command) {
    case LINUX_F_DUPFD:
        return duplicate(task, arguments->fd, (int)arguments->argument, false);
    case LINUX_F_DUPFD_CLOEXEC:
        return duplicate(task, arguments->fd, (int)arguments->argument, true);
    case LINUX_F_GETFD:
        return file_descriptor_flags(task, arguments->fd, NULL);
    case LINUX_F_SETFD: {
        int flags = file_descriptor_flags(task, arguments->fd, &close_on_exec);
        return flags < 0 ? flags : 0;
    }
    default:
        break;
    }
    struct file *file = file_get(task, arguments->fd);
    if (file == NULL)
        return -LINUX_EBADF;
    int64_t result = (file->status_flags & LINUX_O_PATH) != 0 && arguments->command != LINUX_F_GETFL
                         ? -LINUX_EBADF
                         : control_file(task, file, arguments);
    file_put(file);
    return result;
}

static int64_t set_nonblocking(struct file *file, uint64_t address)
{
    uint32_t on;

    int error = copy_word_from_program(&on, address);
    if (error == 0)
        set_status_flags(file, (file->status_flags & ~LINUX_O_NONBLOCK) |
                                   (on != 0 ? LINUX_O_NONBLOCK : 0));
    return error;
}

/* FIONREAD of what can seek: how far the end is. */
static int64_t bytes_left(struct task *task, struct file *file, uint64_t address)
{
    struct fs_attributes attributes;

    int error = file->operations->attributes(task, file, &attributes);
    if (error != 0)
        return error;
    int64_t position = file->operations->seek(task, file, 0, LINUX_SEEK_CUR);
    uint32_t left = (uint32_t)((int64_t)attributes.size - position);
    return position < 0 ? position : copy_to_program(address, &left, sizeof(left));
}

static int64_t control(struct task *task, struct file *file,
                       const struct ioctl_arguments *arguments)
{
    uint32_t request = (uint32_t)arguments->request;

    if (request == LINUX_FIONBIO)
        return set_nonblocking(file, arguments->argument);
    if (file->operations->control != NULL)
        return file->operations->control(task, file, request, arguments->argument);
    if (request == LINUX_FIONREAD && file->operations->kind == POSIX_FILE_NODE)
        return bytes_left(task, file, arguments->argument);
    return -LINUX_ENOTTY;
}

int64_t linux_ioctl(struct task *task, const struct ioctl_arguments *arguments)
{
    uint32_t request = (uint32_t)arguments->request;

    if (request == LINUX_FIOCLEX || request == LINUX_FIONCLEX) {
        const bool close_on_exec = request == LINUX_FIOCLEX;
        int flags = file_descriptor_flags(task, arguments->fd, &close_on_exec);
        return flags < 0 ? flags : 0;
    }
    struct file *file = file_get_open(task, arguments->fd);
    if (file == NULL)
        return -LINUX_EBADF;
    int64_t result = control(task, file, arguments);
    file_put(file);
    return result;
}
