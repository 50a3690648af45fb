/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "affinity.h"

#include <base/errno.h>
#include <trellis/native.h>

#include "limits.h"
#include "server.h"

uint64_t affinity_of(const struct thread *thread)
{
    struct thread_information information = {0};

    (void)native_thread_inspect(thread->handle, &information);
    return information.cpus;
}

int affinity_set(const struct process *caller, const struct thread *thread, uint64_t cpus)
{
    if (!nice_may_change(caller, thread->process))
        return LINUX_EPERM;
    int64_t result = native_thread_set_cpus(thread->handle, cpus);
    return status_of_result(result) == STATUS_INVALID ? LINUX_EINVAL : server_error(result);
}
