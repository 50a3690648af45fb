/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Scheduling: one class, niceness, affinity. */
#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/request.h>
#include <posix/task.h>
#include <trellis/native.h>

#define SCHED_OTHER 0
#define SCHED_BATCH 3
#define SCHED_IDLE 5
#define PRIO_USER 2
#define NICE_MIN (-20)
#define NICE_MAX 19
#define CPU_MASK_SIZE 8 /* no machine has more processors than bits in it */

int64_t linux_sched_yield(struct task *task, const struct sched_yield_arguments *arguments)
{
    (void)native_thread_yield();
    return 0;
}

static int64_t priority_request(struct task *task, int32_t which, int32_t who, const int32_t *nice)
{
    struct message message;

    if (which < 0 || which > PRIO_USER)
        return -LINUX_EINVAL;
    message_begin(&message, PROCESS_PRIORITY);
    message.words[0] = (uint64_t)which;
    message.words[1] = (uint64_t)(uint32_t)who;
    message.words[2] = nice != NULL;
    message.words[3] = nice != NULL ? (uint64_t)(int64_t)*nice : 0;
    int error = request_process(task, &message);
    return error != 0 ? error : (int64_t)message.words[0];
}

/* The call tells 20 - nice, so that it is never negative. */
int64_t linux_getpriority(struct task *task, const struct getpriority_arguments *arguments)
{
    struct message message;

    if (arguments->which < 0 || arguments->which > PRIO_USER)
        return -LINUX_EINVAL;
    message_begin(&message, PROCESS_PRIORITY);
    message.words[0] = (uint64_t)arguments->which;
    message.words[1] = (uint64_t)(uint32_t)arguments->who;
    int error = request_process(task, &message);
    return error != 0 ? error : 20 - (int64_t)(int32_t)message.words[0];
}

int64_t linux_setpriority(struct task *task, const struct setpriority_arguments *arguments)
{
    int32_t nice = arguments->nice;

    nice = nice < NICE_MIN ? NICE_MIN : nice > NICE_MAX ? NICE_MAX : nice;
    int64_t result = priority_request(task, arguments->which, arguments->who, &nice);
    return result < 0 && result >= -LINUX_ERRNO_MAX ? result : 0;
}

static int64_t check_pid(struct task *task, int32_t pid)
{
    struct message message;

    if (pid < 0)
        return -LINUX_EINVAL;
    if (pid == 0 || (uint32_t)pid == task_pid(task) || (uint32_t)pid == task->tid)
        return 0;
    message_begin(&message, PROCESS_GET_GROUP);
    message.words[0] = (uint64_t)pid;
    return request_process(task, &message);
}

int64_t linux_sched_getscheduler(struct task *task,
                                 const struct sched_getscheduler_arguments *arguments)
{
    return check_pid(task, arguments->pid);
}

int64_t linux_sched_setscheduler(struct task *task,
                                 const struct sched_setscheduler_arguments *arguments)
{
    int32_t priority;
    int64_t error = check_pid(task, arguments->pid);

    if (error != 0)
        return error;
    if (copy_from_program(&priority, arguments->parameter, sizeof(priority)) != 0)
        return -LINUX_EFAULT;
    if (arguments->policy != SCHED_OTHER && arguments->policy != SCHED_BATCH &&
        arguments->policy != SCHED_IDLE)
        return arguments->policy == 1 || arguments->policy == 2 ? -LINUX_EPERM : -LINUX_EINVAL;
    return priority == 0 && arguments->policy == SCHED_OTHER ? 0 : -LINUX_EINVAL;
}

int64_t linux_sched_getparam(struct task *task, const struct sched_getparam_arguments *arguments)
{
    int32_t priority = 0;
    int64_t error = check_pid(task, arguments->pid);

    return error != 0 ? error : copy_to_program(arguments->parameter, &priority, sizeof(priority));
}

static int64_t priority_bound(int32_t policy, int64_t realtime)
{
    if (policy == 1 || policy == 2)
        return realtime;
    return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE ? 0
                                                                                  : -LINUX_EINVAL;
}

int64_t linux_sched_get_priority_max(struct task *task,
                                     const struct sched_get_priority_max_arguments *arguments)
{
    return priority_bound(arguments->policy, 99);
}

int64_t linux_sched_get_priority_min(struct task *task,
                                     const struct sched_get_priority_min_arguments *arguments)
{
    return priority_bound(arguments->policy, 1);
}

static int64_t affinity_request(struct task *task, int32_t pid, const uint64_t *wanted,
                                uint64_t *got)
{
    struct message message;

    message_begin(&message, PROCESS_AFFINITY);
    message.words[0] = (uint32_t)pid;
    message.words[1] = wanted != NULL;
    message.words[2] = wanted != NULL ? *wanted : 0;
    int error = request_process(task, &message);
    if (error == 0 && got != NULL)
        *got = message.words[0];
    return error;
}

int64_t linux_sched_getaffinity(struct task *task,
                                const struct sched_getaffinity_arguments *arguments)
{
    uint64_t mask = 0;

    if (arguments->size < CPU_MASK_SIZE || arguments->size % CPU_MASK_SIZE != 0)
        return -LINUX_EINVAL;
    int64_t error = affinity_request(task, arguments->pid, NULL, &mask);
    if (error == 0)
        error = copy_to_program(arguments->mask, &mask, sizeof(mask));
    return error != 0 ? error : CPU_MASK_SIZE;
}

int64_t linux_sched_setaffinity(struct task *task,
                                const struct sched_setaffinity_arguments *arguments)
{
    uint64_t mask = 0;
    size_t size = arguments->size < sizeof(mask) ? arguments->size : sizeof(mask);

    if (copy_from_program(&mask, arguments->mask, size) != 0)
        return -LINUX_EFAULT;
    return affinity_request(task, arguments->pid, &mask, NULL);
}

int64_t linux_getcpu(struct task *task, const struct getcpu_arguments *arguments)
{
    uint32_t cpu = (uint32_t)native_cpu_number(), node = 0;

    if (arguments->cpu != 0 && copy_to_program(arguments->cpu, &cpu, sizeof(cpu)) != 0)
        return -LINUX_EFAULT;
    return arguments->node == 0 ? 0 : copy_to_program(arguments->node, &node, sizeof(node));
}
