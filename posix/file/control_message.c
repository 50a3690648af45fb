/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "control_message.h"

#include <base/errno.h>
#include <posix/copy.h>
#include <posix/task.h>

#define CONTROL_MAX 65536 /* bytes looked at */
#define ALIGNED(length) (((length) + 7) & ~UINT64_C(7))

static int take_files(struct task *task, uint64_t address, uint64_t size,
                      struct passed_files *passed)
{
    for (uint64_t at = 0; at + sizeof(int32_t) <= size; at += sizeof(int32_t)) {
        uint32_t fd;
        int error = copy_word_from_program(&fd, address + at);
        if (error != 0)
            return error;
        if (passed->count == PASSED_FILES_MAX)
            return -LINUX_ETOOMANYREFS;
        struct file *file = file_get(task, (int)fd);
        if (file == NULL)
            return -LINUX_EBADF;
        passed->files[passed->count++] = file;
    }
    return 0;
}

/* SCM_CREDENTIALS may say only the truth; the other side is not told. */
static int check_credentials(struct task *task, uint64_t address, uint64_t size)
{
    const struct process_info_page *info = task->group->info;
    struct linux_ucred given;

    if (size != sizeof(given))
        return -LINUX_EINVAL;
    int error = copy_from_program(&given, address, sizeof(given));
    if (error != 0)
        return error;
    bool true_pid = (uint32_t)given.pid == info->pid;
    bool true_uid = given.uid == info->uid || given.uid == info->euid;
    bool true_gid = given.gid == info->gid || given.gid == info->egid;
    return true_pid && true_uid && true_gid ? 0 : -LINUX_EPERM;
}

int control_message_take(struct task *task, const struct linux_msghdr *header,
                         struct passed_files *passed)
{
    uint64_t length = header->control_length;

    if (length > CONTROL_MAX)
        return -LINUX_ENOBUFS;
    for (uint64_t at = 0; at + sizeof(struct linux_cmsghdr) <= length;) {
        struct linux_cmsghdr control;
        int error = copy_from_program(&control, header->control + at, sizeof(control));
        if (error != 0)
            return error;
        if (control.length < sizeof(control) || control.length > length - at)
            return -LINUX_EINVAL;
        uint64_t data = header->control + at + sizeof(control);
        uint64_t size = control.length - sizeof(control);
        at += ALIGNED(control.length);
        if (control.level != LINUX_SOL_SOCKET)
            continue;
        if (control.type == LINUX_SCM_RIGHTS)
            error = take_files(task, data, size, passed);
        else if (control.type == LINUX_SCM_CREDENTIALS)
            error = check_credentials(task, data, size);
        else
            error = -LINUX_EINVAL;
        if (error != 0)
            return error;
    }
    return 0;
}

/* A descriptor for the first file of `passed`, which gives up its reference. */
static int install_first(struct task *task, struct passed_files *passed, bool close_on_exec)
{
    const struct file_install install = {passed->files[0], 0, close_on_exec};

    passed->count--;
    for (size_t i = 0; i < passed->count; i++)
        passed->files[i] = passed->files[i + 1];
    return file_install(task, &install);
}

int control_message_give(struct task *task, struct linux_msghdr *header,
                         struct passed_files *passed, bool close_on_exec)
{
    struct linux_cmsghdr control = {.level = LINUX_SOL_SOCKET, .type = LINUX_SCM_RIGHTS};
    uint64_t room = header->control_length, count = 0, wanted = passed->count;
    uint64_t fits = room < sizeof(control) ? 0 : (room - sizeof(control)) / sizeof(int32_t);

    header->control_length = 0;
    while (count < wanted && count < fits) {
        int32_t fd = install_first(task, passed, close_on_exec);
        uint64_t place = header->control + sizeof(control) + count * sizeof(fd);
        if (fd < 0)
            break;
        if (copy_to_program(place, &fd, sizeof(fd)) != 0)
            return -LINUX_EFAULT;
        count++;
    }
    if (count < wanted)
        header->flags |= LINUX_MSG_CTRUNC;
    if (count == 0)
        return 0;
    control.length = sizeof(control) + count * sizeof(int32_t);
    header->control_length = ALIGNED(control.length) < room ? ALIGNED(control.length) : room;
    return copy_to_program(header->control, &control, sizeof(control));
}
