/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Extended attributes, which no file system here has: what Linux says of one
 * without them. Capabilities, of which there are only root's.
 */
#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/task.h>

#define WITHOUT(name)                                                                              \
    int64_t linux_##name(struct task *task, const struct name##_arguments *arguments)              \
    {                                                                                              \
        (void)task;                                                                                \
        (void)arguments;                                                                           \
        return -LINUX_EOPNOTSUPP;                                                                  \
    }

WITHOUT(setxattr)
WITHOUT(lsetxattr)
WITHOUT(fsetxattr)
WITHOUT(getxattr)
WITHOUT(lgetxattr)
WITHOUT(fgetxattr)
WITHOUT(listxattr)
WITHOUT(llistxattr)
WITHOUT(flistxattr)
WITHOUT(removexattr)
WITHOUT(lremovexattr)
WITHOUT(fremovexattr)

#define CAPABILITY_VERSION_3 0x20080522u
#define CAPABILITIES ((UINT64_C(1) << 41) - 1)

struct capability_header {
    uint32_t version;
    int32_t pid;
};

int64_t linux_capget(struct task *task, const struct capget_arguments *arguments)
{
    struct capability_header header;
    uint32_t sets[2][3]; /* low and high half: effective, permitted, inheritable */

    if (copy_from_program(&header, arguments->header, sizeof(header)) != 0)
        return -LINUX_EFAULT;
    if (header.version != CAPABILITY_VERSION_3) {
        header.version = CAPABILITY_VERSION_3;
        if (copy_to_program(arguments->header, &header, sizeof(header)) != 0)
            return -LINUX_EFAULT;
        return arguments->data == 0 ? 0 : -LINUX_EINVAL;
    }
    if (header.pid != 0 && (uint32_t)header.pid != task_pid(task))
        return -LINUX_EPERM;
    uint64_t all = task->group->info->euid == 0 ? CAPABILITIES : 0;
    for (unsigned half = 0; half < 2; half++) {
        sets[half][0] = sets[half][1] = (uint32_t)(all >> (32 * half));
        sets[half][2] = 0;
    }
    return arguments->data == 0 ? 0 : copy_to_program(arguments->data, sets, sizeof(sets));
}
