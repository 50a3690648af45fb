/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What files that are no nodes of a file server have in common.
 */
#include "sorts.h"

#include <posix/task.h>
#include <posix/time.h>
#include <trellis/native.h>

void file_plain_attributes(struct fs_attributes *attributes, uint32_t mode, uint64_t node)
{
    enum { ANONYMOUS_DEVICE = 12 };
    const struct process_info_page *info = task_current()->group->info;
    struct linux_timespec now = time_to_timespec(time_real_ns(library.time));

    *attributes = (struct fs_attributes){
        .node = node,
        .device = ANONYMOUS_DEVICE,
        .mode = mode,
        .links = 1,
        .uid = info->fsuid,
        .gid = info->fsgid,
        .block_size = 4096,
        .accessed_s = now.seconds,
        .modified_s = now.seconds,
        .changed_s = now.seconds,
    };
}

static struct handle_information inspect(handle_t handle)
{
    struct handle_information information;

    if (native_handle_inspect(handle, &information) < 0)
        return (struct handle_information){0};
    return information;
}

uint64_t file_object_id(handle_t handle)
{
    return inspect(handle).object_id;
}

uint32_t file_signals(handle_t handle)
{
    return inspect(handle).signals;
}

void file_interest_add(struct file_interest *interest, handle_t handle, uint32_t mask)
{
    if (mask == 0 || handle == HANDLE_NONE)
        return;
    interest->handles[interest->count] = handle;
    interest->masks[interest->count++] = mask;
}
