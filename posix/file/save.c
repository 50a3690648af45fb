/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Files across exec. The new process begins with a copy of this kernel process'
 * handle table, so a file that survives is described by its handles, and every
 * handle that is to be gone there is listed: of files marked close-on-exec, and
 * of other pids that share this library until they exec.
 */
#include <posix/file.h>

#include <base/errno.h>
#include <base/text.h>
#include <posix/memory.h>
#include <posix/task.h>

#include "describe.h"
#include "naming_state.h"
#include "record_lock.h"
#include "sorts.h"
#include "table.h"
#include "terminal.h"

static struct lock save_lock; /* guards save_group of every file */

static const struct file_operations *const sorts[] = {
    [POSIX_FILE_NODE] = &node_operations,         [POSIX_FILE_STREAM] = &stream_operations,
    [POSIX_FILE_TERMINAL] = &terminal_operations, [POSIX_FILE_DEVICE] = &device_operations,
    [POSIX_FILE_EVENT] = &counter_operations,     [POSIX_FILE_TIMER] = &timer_operations,
    [POSIX_FILE_SIGNAL] = &signal_operations,     [POSIX_FILE_POLL] = &poll_set_operations,
    [POSIX_FILE_SOCKET] = &socket_operations,     [POSIX_FILE_PROCESS] = &pidfd_operations,
};
#define SORT_COUNT (sizeof(sorts) / sizeof(sorts[0]))

void file_describe(const struct file *file, struct posix_start_descriptor *descriptor)
{
    descriptor->kind = file->operations->kind;
    descriptor->status_flags = file->status_flags;
    descriptor->offset = file->offset_shared ? UINT64_MAX : file->offset;
    descriptor->rdev = file->rdev;
    memcpy(descriptor->handles, file->handles, sizeof(descriptor->handles));
    memcpy(descriptor->extra, file->extra, sizeof(descriptor->extra));
}

struct file *file_from_description(const struct posix_start_descriptor *descriptor)
{
    if (descriptor->kind >= SORT_COUNT || sorts[descriptor->kind] == NULL)
        return NULL;
    struct file *file = file_create(sorts[descriptor->kind], descriptor->status_flags);
    if (file == NULL)
        return NULL;
    file->offset_shared = descriptor->offset == UINT64_MAX;
    file->offset = file->offset_shared ? 0 : descriptor->offset;
    file->rdev = descriptor->rdev;
    memcpy(file->handles, descriptor->handles, sizeof(file->handles));
    memcpy(file->extra, descriptor->extra, sizeof(file->extra));
    if (descriptor->kind == POSIX_FILE_STREAM || descriptor->kind == POSIX_FILE_SOCKET)
        file->node = file_object_id(file->handles[file->handles[0] == HANDLE_NONE ? 1 : 0]);
    if (descriptor->kind == POSIX_FILE_NODE)
        record_lock_restored(file);
    return file;
}

static struct file *restore(struct task *task, const struct posix_start_descriptor *descriptor)
{
    if (descriptor->kind == POSIX_FILE_TERMINAL && descriptor->handles[0] == HANDLE_NONE) {
        struct file *terminal;
        return terminal_open(task, (uint32_t)descriptor->rdev, descriptor->status_flags,
                             &terminal) == 0
                   ? terminal
                   : NULL;
    }
    return file_from_description(descriptor);
}

/* The file that an earlier descriptor of the same group has; NULL: there is none. */
static struct file *shared_with(struct task *task, const struct posix_start_descriptor *all,
                                size_t index)
{
    for (size_t i = 0; i < index && all[index].group != 0; i++) {
        if (all[i].group == all[index].group)
            return file_get(task, all[i].number);
    }
    return NULL;
}

void file_table_restore(struct task *task, const struct posix_start *block)
{
    const struct posix_start_descriptor *all =
        (const void *)((const char *)block + block->descriptors);

    for (size_t i = 0; i < block->descriptor_count; i++) {
        if (all[i].number < 0)
            continue;
        struct file *file = shared_with(task, all, i);
        if (file == NULL)
            file = restore(task, &all[i]);
        if (file == NULL)
            continue;
        const struct file_install install = {file, all[i].number, false};
        (void)file_replace(task, &install);
    }
}

static void clear_group(struct file *file, void *argument)
{
    (void)argument;
    file->save_group = 0;
}

static void save_descriptor(struct file_survivors *survivors, struct file *file, size_t fd)
{
    struct posix_start_descriptor *saved = &survivors->descriptors[survivors->descriptor_count];

    *saved = (struct posix_start_descriptor){.number = (int32_t)fd};
    file_describe(file, saved);
    if (file->operations->save != NULL && !file->operations->save(file, saved))
        return;
    if (file->save_group == 0)
        file->save_group = fd + 1;
    saved->group = file->save_group;
    survivors->descriptor_count++;
}

static int save_descriptors(struct file_table *table, struct file_survivors *survivors)
{
    survivors->descriptors =
        memory_allocate_zeroed(table->size + 1, sizeof(*survivors->descriptors));
    if (survivors->descriptors == NULL)
        return -LINUX_ENOMEM;
    for (size_t fd = 0; fd < table->size; fd++) {
        const struct descriptor *entry = &table->entries[fd];
        if (entry->file != NULL && !entry->close_on_exec)
            save_descriptor(survivors, entry->file, fd);
    }
    return 0;
}

/* Handles to close, gathered into an array that grows. */
struct gathering {
    struct file_survivors *survivors;
    size_t room;
    bool failed;
};

static void gather(struct gathering *gathering, handle_t handle)
{
    struct file_survivors *survivors = gathering->survivors;

    if (handle == HANDLE_NONE || gathering->failed)
        return;
    if (survivors->close_count == gathering->room) {
        size_t room = gathering->room == 0 ? 64 : gathering->room * 2;
        handle_t *grown = memory_resize(survivors->close, room * sizeof(*grown));
        if (grown == NULL) {
            gathering->failed = true;
            return;
        }
        survivors->close = grown;
        gathering->room = room;
    }
    survivors->close[survivors->close_count++] = handle;
}

static void gather_file(struct file *file, void *argument)
{
    struct gathering *gathering = argument;

    for (unsigned i = 0; i < FILE_HANDLES && file->save_group == 0; i++)
        gather(gathering, file->handles[i]);
}

static void gather_naming(handle_t handle, void *argument)
{
    gather(argument, handle);
}

static int save(struct task *task, struct file_survivors *survivors)
{
    struct gathering gathering = {.survivors = survivors};

    file_for_each(clear_group, NULL);
    lock_acquire(&task->files->lock);
    int error = save_descriptors(task->files, survivors);
    lock_release(&task->files->lock);
    if (error != 0)
        return error;
    file_for_each(gather_file, &gathering);
    naming_for_each_foreign(task->naming, gather_naming, &gathering);
    return gathering.failed ? -LINUX_ENOMEM : 0;
}

int file_table_save(struct task *task, struct file_survivors *survivors)
{
    *survivors = (struct file_survivors){0};
    int error = file_table_is_alone() ? 0 : file_table_prepare_fork(task);
    if (error != 0)
        return error;
    lock_acquire(&save_lock);
    error = save(task, survivors);
    lock_release(&save_lock);
    if (error != 0) {
        memory_release(survivors->descriptors);
        memory_release(survivors->close);
        *survivors = (struct file_survivors){0};
    }
    return error;
}
