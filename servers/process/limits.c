/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "limits.h"

#include <base/errno.h>
#include <trellis/structures.h>

#include "effects.h"

#define MIB UINT64_C(1048576)

void limits_init(struct process_info_page *info)
{
    for (unsigned i = 0; i < LIMIT_COUNT; i++)
        info->limits[i][0] = info->limits[i][1] = LIMIT_NONE;
    info->limits[LIMIT_STACK][0] = 8 * MIB;
    info->limits[LIMIT_CORE][0] = 0;
    info->limits[LIMIT_PROCESSES][0] = info->limits[LIMIT_PROCESSES][1] = 4096;
    info->limits[LIMIT_FILES][0] = 1024;
    info->limits[LIMIT_FILES][1] = LIMIT_FILES_MAX;
    info->limits[LIMIT_LOCKED][0] = info->limits[LIMIT_LOCKED][1] = 8 * MIB;
    info->limits[LIMIT_SIGPENDING][0] = info->limits[LIMIT_SIGPENDING][1] = 1024;
    info->limits[LIMIT_QUEUES][0] = info->limits[LIMIT_QUEUES][1] = 819200;
    info->limits[LIMIT_NICE][0] = info->limits[LIMIT_NICE][1] = 0;
    info->limits[LIMIT_REALTIME][0] = info->limits[LIMIT_REALTIME][1] = 0;
}

bool limits_may_change(const struct process *caller, const struct process *process)
{
    const struct process_info_page *mine = caller->info;
    const struct process_info_page *its = process->info;

    if (caller == process || mine->euid == 0)
        return true;
    return mine->uid == its->uid && mine->uid == its->euid && mine->uid == its->suid &&
           mine->gid == its->gid && mine->gid == its->egid && mine->gid == its->sgid;
}

int limits_set(struct process *caller, struct process *process, uint32_t which,
               const uint64_t limit[2])
{
    if (which >= LIMIT_COUNT || limit[0] > limit[1])
        return LINUX_EINVAL;
    if (limit[1] > process->info->limits[which][1] && caller->info->euid != 0)
        return LINUX_EPERM;
    if (which == LIMIT_FILES && limit[1] > LIMIT_FILES_MAX)
        return LINUX_EPERM;
    info_begin(process);
    process->info->limits[which][0] = limit[0];
    process->info->limits[which][1] = limit[1];
    info_end(process);
    if (which == LIMIT_CPU) {
        process->cpu_warning_ns = 0;
        effect_watch_limits();
    }
    return 0;
}

uint32_t limits_count_threads(uint32_t uid)
{
    uint32_t count = 0;

    list_for_each (process_all(), node) {
        const struct process *process = container_of_process(node, all_link);
        if (process->info->uid == uid)
            count += process->thread_count == 0 ? 1 : process->thread_count;
    }
    return count;
}

uint32_t nice_weight(int32_t nice)
{
    uint32_t weight = SHARE_WEIGHT_NORMAL;

    for (; nice > 0; nice--)
        weight = weight * 4 / 5;
    for (; nice < 0; nice++)
        weight = weight * 5 / 4;
    return weight < SHARE_WEIGHT_MAX ? weight : SHARE_WEIGHT_MAX;
}

static bool is_meant(const struct process *caller, const struct nice_request *request,
                     const struct process *process)
{
    const struct process_info_page *mine = caller->info;

    if (process->kernel == NULL)
        return false;
    switch (request->which) {
    case 0:
        return process->pid == (request->who == 0 ? caller->pid : request->who);
    case 1:
        return process->info->group == (request->who == 0 ? mine->group : request->who);
    default:
        return process->info->uid == (request->who == 0 ? mine->uid : request->who);
    }
}

bool nice_may_change(const struct process *caller, const struct process *process)
{
    uint32_t euid = caller->info->euid;

    return euid == 0 || euid == process->info->uid || euid == process->info->euid;
}

static int renice(const struct process *caller, struct process *process, int32_t nice)
{
    if (!nice_may_change(caller, process))
        return LINUX_EPERM;
    if (nice < process->info->nice && caller->info->euid != 0)
        return LINUX_EACCES;
    info_begin(process);
    process->info->nice = nice;
    info_end(process);
    effect_set_weight(process);
    return 0;
}

int nice_change(struct process *caller, const struct nice_request *request, int32_t *lowest)
{
    int32_t nice = request->nice < NICE_MIN   ? NICE_MIN
                   : request->nice > NICE_MAX ? NICE_MAX
                                              : request->nice;
    int error = LINUX_ESRCH;

    if (request->which > 2)
        return LINUX_EINVAL;
    *lowest = NICE_MAX + 1;
    list_for_each (process_all(), node) {
        struct process *process = container_of_process(node, all_link);
        if (!is_meant(caller, request, process))
            continue;
        int result = request->set ? renice(caller, process, nice) : 0;
        if (error == LINUX_ESRCH || result != 0)
            error = result;
        if (process->info->nice < *lowest)
            *lowest = process->info->nice;
    }
    return error;
}
