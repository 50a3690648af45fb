/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Making, replacing and ending processes and threads. */
#include <posix/linux/process.h>

#include <base/errno.h>
#include <posix/calls.h>
#include <posix/clone.h>
#include <posix/copy.h>
#include <posix/end.h>
#include <posix/exec.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <posix/trace.h>

#define ROBUST_HEAD_SIZE 24

int64_t linux_exit(struct task *task, const struct exit_arguments *arguments)
{
    if (library.trace != HANDLE_NONE)
        trace_no_return(task);
    end_task(task, arguments->code);
}

int64_t linux_exit_group(struct task *task, const struct exit_group_arguments *arguments)
{
    if (library.trace != HANDLE_NONE)
        trace_no_return(task);
    end_group(task, linux_status_exited(arguments->code));
}

int64_t linux_fork(struct task *task, const struct fork_arguments *arguments)
{
    const struct clone_request request = {.exit_signal = LINUX_SIGCHLD};

    (void)arguments;
    return clone_task(task, &request);
}

int64_t linux_vfork(struct task *task, const struct vfork_arguments *arguments)
{
    const struct clone_request request = {
        .flags = LINUX_CLONE_VM | LINUX_CLONE_VFORK,
        .exit_signal = LINUX_SIGCHLD,
    };

    (void)arguments;
    return clone_task(task, &request);
}

int64_t linux_clone(struct task *task, const struct clone_arguments *arguments)
{
    const struct clone_request request = {
        .flags = arguments->flags & ~(LINUX_CLONE_SIGNAL | LINUX_CLONE_DETACHED),
        .exit_signal = arguments->flags & LINUX_CLONE_SIGNAL,
        .stack = arguments->stack,
        .tls = arguments->tls,
        .parent_tid = arguments->parent_tid,
        .child_tid = arguments->child_tid,
        .pidfd = arguments->parent_tid,
    };

    return clone_task(task, &request);
}

int64_t linux_clone3(struct task *task, const struct clone3_arguments *arguments)
{
    struct linux_clone_arguments given = {0};

    if (arguments->size < LINUX_CLONE_ARGUMENTS_FIRST || arguments->size > USER_PAGE_SIZE)
        return arguments->size > USER_PAGE_SIZE ? -LINUX_E2BIG : -LINUX_EINVAL;
    size_t size = arguments->size < sizeof(given) ? arguments->size : sizeof(given);
    if (copy_from_program(&given, arguments->arguments, size) != 0)
        return -LINUX_EFAULT;
    if ((given.flags & (LINUX_CLONE_SIGNAL | LINUX_CLONE_DETACHED)) != 0 ||
        given.set_tid_size != 0 || (given.stack == 0) != (given.stack_size == 0) ||
        given.exit_signal > SIGNAL_COUNT_MAX)
        return -LINUX_EINVAL;
    const struct clone_request request = {
        .flags = given.flags,
        .exit_signal = (uint32_t)given.exit_signal,
        .stack = given.stack == 0 ? 0 : given.stack + given.stack_size,
        .tls = given.tls,
        .parent_tid = given.parent_tid,
        .child_tid = given.child_tid,
        .pidfd = given.pidfd,
    };
    return clone_task(task, &request);
}

int64_t linux_execve(struct task *task, const struct execve_arguments *arguments)
{
    const struct exec_request request = {
        .dirfd = LINUX_AT_FDCWD,
        .path = arguments->path,
        .arguments = arguments->arguments,
        .environment = arguments->environment,
    };

    return exec_program(task, &request);
}

int64_t linux_execveat(struct task *task, const struct execveat_arguments *arguments)
{
    const struct exec_request request = {
        .dirfd = arguments->directory,
        .flags = (int)arguments->flags,
        .path = arguments->path,
        .arguments = arguments->arguments,
        .environment = arguments->environment,
    };

    if ((arguments->flags & ~(uint32_t)(LINUX_AT_EMPTY_PATH | LINUX_AT_SYMLINK_NOFOLLOW)) != 0)
        return -LINUX_EINVAL;
    return exec_program(task, &request);
}

int64_t linux_set_tid_address(struct task *task, const struct set_tid_address_arguments *arguments)
{
    task->clear_child_tid = arguments->address;
    return task->tid;
}

int64_t linux_set_robust_list(struct task *task, const struct set_robust_list_arguments *arguments)
{
    if (arguments->size != ROBUST_HEAD_SIZE)
        return -LINUX_EINVAL;
    task->robust_list = arguments->head;
    return 0;
}

int64_t linux_get_robust_list(struct task *task, const struct get_robust_list_arguments *arguments)
{
    uint64_t size = ROBUST_HEAD_SIZE;

    if (arguments->pid != 0 && (uint32_t)arguments->pid != task->tid)
        return -LINUX_EPERM;
    if (copy_to_program(arguments->size, &size, sizeof(size)) != 0)
        return -LINUX_EFAULT;
    return copy_to_program(arguments->head, &task->robust_list, sizeof(task->robust_list));
}

int64_t linux_gettid(struct task *task, const struct gettid_arguments *arguments)
{
    (void)arguments;
    return task->tid;
}
