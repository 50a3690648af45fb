/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Who the caller is: answered from the info page; changed by the process server. */
#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/naming.h>
#include <posix/request.h>
#include <posix/task.h>

#define GROUPS_MAX 32
#define UNCHANGED UINT64_MAX

#define ANSWER(name, field)                                                                        \
    int64_t linux_##name(struct task *task, const struct name##_arguments *arguments)              \
    {                                                                                              \
        (void)arguments;                                                                           \
        return task->group->info->field;                                                           \
    }

ANSWER(getpid, pid)
ANSWER(getppid, parent)
ANSWER(getpgrp, group)
ANSWER(getuid, uid)
ANSWER(geteuid, euid)
ANSWER(getgid, gid)
ANSWER(getegid, egid)

static int64_t store_three(const uint32_t *values, const uint64_t *addresses)
{
    for (unsigned i = 0; i < 3; i++) {
        if (copy_to_program(addresses[i], &values[i], sizeof(values[i])) != 0)
            return -LINUX_EFAULT;
    }
    return 0;
}

int64_t linux_getresuid(struct task *task, const struct getresuid_arguments *arguments)
{
    const struct process_info_page *info = task->group->info;
    const uint32_t values[] = {info->uid, info->euid, info->suid};
    const uint64_t addresses[] = {arguments->ruid, arguments->euid, arguments->suid};
    return store_three(values, addresses);
}

int64_t linux_getresgid(struct task *task, const struct getresgid_arguments *arguments)
{
    const struct process_info_page *info = task->group->info;
    const uint32_t values[] = {info->gid, info->egid, info->sgid};
    const uint64_t addresses[] = {arguments->rgid, arguments->egid, arguments->sgid};
    return store_three(values, addresses);
}

int64_t linux_getgroups(struct task *task, const struct getgroups_arguments *arguments)
{
    const struct process_info_page *info = task->group->info;
    uint32_t count = info->group_count;

    if (arguments->count == 0)
        return count;
    if (arguments->count < 0 || (uint32_t)arguments->count < count)
        return -LINUX_EINVAL;
    int error = copy_to_program(arguments->groups, info->groups, count * sizeof(info->groups[0]));
    return error != 0 ? error : (int64_t)count;
}

/*
 * The server mints root and working directory anew, as files will be looked up
 * with other rights; the old sessions go with the request, and those of mounts
 * are asked for again when they are needed.
 */
static int64_t change(struct task *task, struct message *message)
{
    struct naming *naming = task->naming;

    lock_acquire(&naming->lock);
    message_add_handle(message, task->frame, naming->root, RIGHT_SAME, 0);
    message_add_handle(message, task->frame, naming->cwd, RIGHT_SAME, 0);
    int error = request_process(task, message);
    if (error == 0 && message_handle_count(message->information) == 2) {
        handle_t root = naming->root, cwd = naming->cwd;
        naming->root = task->frame->handles[0].handle;
        naming->cwd = task->frame->handles[1].handle;
        request_close_handle(root);
        request_close_handle(cwd);
    }
    lock_release(&naming->lock);
    if (error == 0)
        naming_forget_mounts();
    return error;
}

static uint64_t id_or_unchanged(int32_t id)
{
    return id == -1 ? UNCHANGED : (uint32_t)id;
}

static int64_t set_ids(struct task *task, enum process_identity_call call, const int32_t *ids,
                       unsigned count)
{
    struct message message;

    message_begin(&message, PROCESS_SET_CREDENTIALS);
    message.words[0] = call;
    for (unsigned i = 0; i < 3; i++)
        message.words[1 + i] = i < count ? id_or_unchanged(ids[i]) : UNCHANGED;
    return change(task, &message);
}

#define SET_ONE(name, operation, field)                                                            \
    int64_t linux_##name(struct task *task, const struct name##_arguments *arguments)              \
    {                                                                                              \
        return arguments->field == -1 ? -LINUX_EINVAL                                              \
                                      : set_ids(task, operation, &arguments->field, 1);            \
    }

SET_ONE(setuid, PROCESS_SET_UID, uid)
SET_ONE(setgid, PROCESS_SET_GID, gid)

int64_t linux_setreuid(struct task *task, const struct setreuid_arguments *arguments)
{
    const int32_t ids[] = {arguments->ruid, arguments->euid};
    return set_ids(task, PROCESS_SET_REUID, ids, 2);
}

int64_t linux_setregid(struct task *task, const struct setregid_arguments *arguments)
{
    const int32_t ids[] = {arguments->rgid, arguments->egid};
    return set_ids(task, PROCESS_SET_REGID, ids, 2);
}

int64_t linux_setresuid(struct task *task, const struct setresuid_arguments *arguments)
{
    const int32_t ids[] = {arguments->ruid, arguments->euid, arguments->suid};
    return set_ids(task, PROCESS_SET_RESUID, ids, 3);
}

int64_t linux_setresgid(struct task *task, const struct setresgid_arguments *arguments)
{
    const int32_t ids[] = {arguments->rgid, arguments->egid, arguments->sgid};
    return set_ids(task, PROCESS_SET_RESGID, ids, 3);
}

/* These two tell the old value and never fail. */
int64_t linux_setfsuid(struct task *task, const struct setfsuid_arguments *arguments)
{
    uint32_t old = task->group->info->fsuid;

    (void)set_ids(task, PROCESS_SET_FSUID, &arguments->uid, 1);
    return old;
}

int64_t linux_setfsgid(struct task *task, const struct setfsgid_arguments *arguments)
{
    uint32_t old = task->group->info->fsgid;

    (void)set_ids(task, PROCESS_SET_FSGID, &arguments->gid, 1);
    return old;
}

int64_t linux_setgroups(struct task *task, const struct setgroups_arguments *arguments)
{
    uint32_t groups[GROUPS_MAX];
    struct message message;

    if (arguments->count < 0 || arguments->count > GROUPS_MAX)
        return -LINUX_EINVAL;
    size_t size = (size_t)arguments->count * sizeof(groups[0]);
    if (copy_from_program(groups, arguments->groups, size) != 0)
        return -LINUX_EFAULT;
    message_begin(&message, PROCESS_SET_CREDENTIALS);
    message.words[0] = PROCESS_SET_GROUPS;
    message_copy_text(&message, task->frame, groups, size);
    return change(task, &message);
}

static int64_t get_group(struct task *task, int32_t pid, unsigned word)
{
    const struct process_info_page *info = task->group->info;
    struct message message;

    if (pid == 0 || (uint32_t)pid == info->pid)
        return word == 0 ? info->group : info->session;
    if (pid < 0)
        return -LINUX_ESRCH;
    message_begin(&message, PROCESS_GET_GROUP);
    message.words[0] = (uint64_t)pid;
    int error = request_process(task, &message);
    return error != 0 ? error : (int64_t)message.words[word];
}

int64_t linux_getpgid(struct task *task, const struct getpgid_arguments *arguments)
{
    return get_group(task, arguments->pid, 0);
}

int64_t linux_getsid(struct task *task, const struct getsid_arguments *arguments)
{
    return get_group(task, arguments->pid, 1);
}

int64_t linux_setpgid(struct task *task, const struct setpgid_arguments *arguments)
{
    struct message message;

    if (arguments->pid < 0 || arguments->group < 0)
        return arguments->group < 0 ? -LINUX_EINVAL : -LINUX_ESRCH;
    message_begin(&message, PROCESS_SET_GROUP);
    message.words[0] = (uint64_t)arguments->pid;
    message.words[1] = (uint64_t)arguments->group;
    return request_process(task, &message);
}

int64_t linux_setsid(struct task *task, const struct setsid_arguments *arguments)
{
    struct message message;

    (void)arguments;
    message_begin(&message, PROCESS_SET_SESSION);
    int error = request_process(task, &message);
    return error != 0 ? error : (int64_t)task->group->info->session;
}
