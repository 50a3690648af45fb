/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* prctl and arch_prctl. */
#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/request.h>
#include <posix/task.h>
#include <trellis/native.h>

enum prctl_option {
    PR_SET_PDEATHSIG = 1,
    PR_GET_PDEATHSIG = 2,
    PR_GET_DUMPABLE = 3,
    PR_SET_DUMPABLE = 4,
    PR_SET_NAME = 15,
    PR_GET_NAME = 16,
    PR_GET_SECCOMP = 21,
    PR_CAPBSET_READ = 23,
    PR_GET_TIMERSLACK = 30,
    PR_SET_TIMERSLACK = 29,
    PR_SET_CHILD_SUBREAPER = 36,
    PR_GET_NO_NEW_PRIVS = 39,
};

enum family_setting { FAMILY_SUBREAPER = 1, FAMILY_DEATH_SIGNAL = 2 };
enum arch_prctl_code { ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS };
enum thread_base { BASE_TLS = 0, BASE_SECOND = 1 };

#define TIMER_SLACK_NS 50000
#define CAPABILITY_LAST 40

static int64_t set_task_name(struct task *task, uint64_t address)
{
    char name[TASK_NAME];
    struct message message;
    int64_t length = copy_string_from_program(name, address, sizeof(name));

    if (length == -LINUX_EFAULT)
        return length;
    length = length < 0 ? TASK_NAME - 1 : length;
    name[length] = 0;
    memset(task->name, 0, sizeof(task->name));
    memcpy(task->name, name, (size_t)length);
    message_begin(&message, PROCESS_THREAD_NAME);
    message_copy_text(&message, task->frame, name, (size_t)length);
    return request_process(task, &message);
}

static int64_t set_family(struct task *task, enum family_setting setting, uint64_t value)
{
    struct message message;

    message_begin(&message, PROCESS_SET_FAMILY);
    message.words[0] = setting;
    message.words[1] = value;
    return request_process(task, &message);
}

static int64_t set_dumpable(struct task *task, uint64_t value)
{
    struct message message;

    if (value > 1)
        return -LINUX_EINVAL;
    message_begin(&message, PROCESS_SET_DUMPABLE);
    message.words[0] = value;
    int error = request_process(task, &message);
    if (error == 0)
        task->group->dumpable = (uint32_t)value;
    return error;
}

int64_t linux_prctl(struct task *task, const struct prctl_arguments *arguments)
{
    switch (arguments->option) {
    case PR_SET_NAME:
        return set_task_name(task, arguments->argument2);
    case PR_GET_NAME:
        return copy_to_program(arguments->argument2, task->name, sizeof(task->name));
    case PR_SET_PDEATHSIG:
        return arguments->argument2 > SIGNAL_COUNT_MAX
                   ? -LINUX_EINVAL
                   : set_family(task, FAMILY_DEATH_SIGNAL, arguments->argument2);
    case PR_SET_CHILD_SUBREAPER:
        return set_family(task, FAMILY_SUBREAPER, arguments->argument2 != 0);
    case PR_GET_DUMPABLE:
        return task->group->dumpable;
    case PR_SET_DUMPABLE:
        return set_dumpable(task, arguments->argument2);
    case PR_CAPBSET_READ:
        return arguments->argument2 > CAPABILITY_LAST ? -LINUX_EINVAL : 1;
    case PR_GET_TIMERSLACK:
        return TIMER_SLACK_NS;
    case PR_GET_SECCOMP:
    case PR_GET_NO_NEW_PRIVS:
        return 0;
    default:
        return -LINUX_EINVAL;
    }
}

int64_t linux_arch_prctl(struct task *task, const struct arch_prctl_arguments *arguments)
{
    int64_t result;

    switch (arguments->code) {
    case ARCH_SET_FS:
        result = native_thread_set_base(BASE_TLS, arguments->address);
        if (result >= 0)
            task->tls = arguments->address;
        return result < 0 ? -LINUX_EPERM : 0;
    case ARCH_SET_GS:
        result = native_thread_set_base(BASE_SECOND, arguments->address);
        return result < 0 ? -LINUX_EPERM : 0;
    case ARCH_GET_FS:
        return copy_to_program(arguments->address, &task->tls, sizeof(task->tls));
    default:
        return -LINUX_EINVAL;
    }
}
