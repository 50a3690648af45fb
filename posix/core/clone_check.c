/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "clone_check.h"

#include <base/errno.h>
#include <posix/linux/process.h>
#include <posix/signal.h>
#include <trellis/arch/registers.h>

int clone_check(const struct clone_request *request)
{
    uint64_t flags = request->flags;
    uint64_t shared = flags & (LINUX_CLONE_FILES | LINUX_CLONE_FS | LINUX_CLONE_VFORK);

    if ((flags & (LINUX_CLONE_NAMESPACES | LINUX_CLONE_INTO_CGROUP | LINUX_CLONE_PTRACE)) != 0)
        return -LINUX_EINVAL;
    if ((flags & LINUX_CLONE_SIGHAND) != 0 && (flags & LINUX_CLONE_VM) == 0)
        return -LINUX_EINVAL;
    if ((flags & LINUX_CLONE_THREAD) != 0 && (flags & LINUX_CLONE_SIGHAND) == 0)
        return -LINUX_EINVAL;
    if ((flags & LINUX_CLONE_CLEAR_SIGHAND) != 0 && (flags & LINUX_CLONE_SIGHAND) != 0)
        return -LINUX_EINVAL;
    if ((flags & LINUX_CLONE_PIDFD) != 0 && (flags & LINUX_CLONE_THREAD) != 0)
        return -LINUX_EINVAL;
    if ((flags & LINUX_CLONE_VM) == 0 && shared != 0)
        return -LINUX_EINVAL;
    if (request->exit_signal > SIGNAL_COUNT_MAX || request->stack > USER_LIBRARY)
        return -LINUX_EINVAL;
    return 0;
}
