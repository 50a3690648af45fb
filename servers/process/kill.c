/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "kill.h"

#include "credentials.h"
#include "effects.h"

/* Init has no handlers of its own: what busybox' init does at these signals is done here. */
static void tell_init(unsigned number)
{
    if (number == SIGNAL_USR1 || number == SIGNAL_USR2)
        effect_power(PROCESS_POWER_OFF);
    else if (number == SIGNAL_TERM || number == SIGNAL_INT)
        effect_power(PROCESS_POWER_RESTART);
}

static int send_one(struct process *sender, struct process *target, struct thread *thread,
                    const struct process_signal *signal)
{
    unsigned number = (unsigned)signal->number;

    if (!credentials_may_signal(sender, target, number))
        return LINUX_EPERM;
    if (number == 0)
        return 0;
    if (target->pid == PID_INIT) {
        tell_init(number);
        return 0;
    }
    return signal_send(target, thread, signal);
}

static int send_to_thread(struct process *sender, const struct kill_request *request)
{
    struct thread *thread = thread_find(request->tid);

    if (thread == NULL || (request->pid > 0 && thread->process->pid != (uint32_t)request->pid))
        return LINUX_ESRCH;
    return send_one(sender, thread->process, thread, request->signal);
}

/* pid 0: the sender's group, -1: all but init and the sender, else group -pid. */
static bool is_target(const struct process *sender, int32_t pid, const struct process *process)
{
    if (pid == -1)
        return process->pid != PID_INIT && process != sender;
    uint32_t group = pid == 0 ? sender->info->group : (uint32_t)-pid;
    return process->info->group == group;
}

static int send_to_many(struct process *sender, const struct kill_request *request)
{
    int result = LINUX_ESRCH;

    list_for_each_safe (process_all(), node) {
        struct process *process = container_of_process(node, all_link);
        if (!is_target(sender, request->pid, process))
            continue;
        int error = send_one(sender, process, NULL, request->signal);
        if (result != 0)
            result = error;
    }
    return result;
}

int kill_send(struct process *sender, const struct kill_request *request)
{
    if (request->signal->number < 0 || request->signal->number > SIGNAL_LAST)
        return LINUX_EINVAL;
    if (request->tid != 0)
        return send_to_thread(sender, request);
    if (request->pid == INT32_MIN)
        return LINUX_ESRCH;
    if (request->pid <= 0)
        return send_to_many(sender, request);
    struct process *target = process_find((uint32_t)request->pid);
    return target == NULL ? LINUX_ESRCH : send_one(sender, target, NULL, request->signal);
}
