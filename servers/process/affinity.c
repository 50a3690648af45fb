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

static int affinity_set(const struct process *caller, const struct thread *thread, uint64_t cpus)
{
    if (!nice_may_change(caller, thread->process))
        return LINUX_EPERM;
    int64_t result = native_thread_set_cpus(thread->handle, cpus);
    return status_of_result(result) == STATUS_INVALID ? LINUX_EINVAL : server_error(result);
}

int affinity_serve(struct thread *caller, const uint64_t *words, uint64_t *reply)
{
    const struct thread *thread = words[0] == 0 ? caller : thread_find((uint32_t)words[0]);

    if (thread == NULL)
        return LINUX_ESRCH;
    if (words[1] == 1)
        return affinity_set(caller->process, thread, words[2]);
    reply[0] = affinity_of(thread);
    return 0;
}
