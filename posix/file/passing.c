/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The description is written by another process: nothing in it is believed but
 * what it says of handles that did arrive.
 */
#include "passing.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/request.h>
#include <posix/task.h>
#include <trellis/native.h>

#include "describe.h"
#include "node.h"

/* In the memory object: how many, then that many descriptors whose handles are indices from 1. */
struct description {
    uint64_t count;
    struct posix_start_descriptor files[PASSED_FILES_MAX];
};

static int describe_one(struct passed_files *passed, const struct file *file,
                        struct posix_start_descriptor *described)
{
    file_describe(file, described);
    for (unsigned i = 0; i < FILE_HANDLES; i++) {
        described->handles[i] = HANDLE_NONE;
        bool locks = file->operations->kind == POSIX_FILE_NODE && i == NODE_LOCKS;
        if (file->handles[i] == HANDLE_NONE || locks)
            continue;
        if (passed->handle_count == MESSAGE_HANDLES)
            return -LINUX_ETOOMANYREFS;
        described->handles[i] = passed->handle_count;
        passed->handles[passed->handle_count++] = file->handles[i];
    }
    return 0;
}

static int write_description(struct passed_files *passed, const struct description *description)
{
    int64_t memory = native_memory_create(library.account, sizeof(*description), 0);

    if (memory < 0)
        return request_error(memory);
    passed->description = passed->handles[0] = (handle_t)memory;
    int64_t written = native_memory_write((handle_t)memory, 0, description, sizeof(*description));
    return written == (int64_t)sizeof(*description) ? 0 : -LINUX_ENOMEM;
}

int passing_prepare(struct task *task, struct passed_files *passed)
{
    struct description description = {.count = passed->count};

    passed->handle_count = 1; /* the description's own */
    for (size_t i = 0; i < passed->count; i++) {
        struct file *file = passed->files[i];
        int error = file->operations->share == NULL ? 0 : file->operations->share(task, file);
        if (error == 0 && file->operations->kind == POSIX_FILE_POLL)
            error = -LINUX_EINVAL;
        if (error == 0)
            error = describe_one(passed, file, &description.files[i]);
        if (error != 0)
            return error;
    }
    return write_description(passed, &description);
}

void passing_put(struct task *task, const struct passed_files *passed)
{
    for (size_t i = 0; i < passed->handle_count; i++)
        task->frame->handles[i] = (struct message_handle){passed->handles[i], RIGHT_SAME, 0};
    task->frame->handle_count = passed->handle_count;
}

void passing_release(struct passed_files *passed)
{
    for (size_t i = 0; i < passed->count; i++)
        file_put(passed->files[i]);
    request_close_handle(passed->description);
    *passed = (struct passed_files){0};
}

/* The file of a description; the handles it names are used up. */
static struct file *receive_one(struct posix_start_descriptor *described,
                                handle_t handles[MESSAGE_HANDLES])
{
    handle_t *used[FILE_HANDLES] = {NULL};

    for (unsigned i = 0; i < FILE_HANDLES; i++) {
        uint64_t index = described->handles[i];
        described->handles[i] = HANDLE_NONE;
        if (index == 0 || index >= MESSAGE_HANDLES || handles[index] == HANDLE_NONE)
            continue;
        described->handles[i] = handles[index];
        used[i] = &handles[index];
    }
    if (described->kind == POSIX_FILE_POLL)
        return NULL;
    struct file *file = file_from_description(described);
    for (unsigned i = 0; i < FILE_HANDLES && file != NULL; i++) {
        if (used[i] != NULL)
            *used[i] = HANDLE_NONE;
    }
    return file;
}

void passing_take(struct task *task, struct passed_files *passed)
{
    struct description description = {.count = 0};
    handle_t handles[MESSAGE_HANDLES] = {HANDLE_NONE};
    uint64_t count = task->frame->handle_count;

    for (uint64_t i = 0; i < count && i < MESSAGE_HANDLES; i++)
        handles[i] = task->frame->handles[i].handle;
    int64_t length =
        passed == NULL ? 0 : native_memory_read(handles[0], 0, &description, sizeof(description));
    if (length != (int64_t)sizeof(description) || description.count > PASSED_FILES_MAX)
        description.count = 0;
    for (uint64_t i = 0; i < description.count; i++) {
        struct file *file = receive_one(&description.files[i], handles);
        if (file != NULL && passed->count < PASSED_FILES_MAX)
            passed->files[passed->count++] = file;
        else if (file != NULL)
            file_put(file);
    }
    for (unsigned i = 0; i < MESSAGE_HANDLES; i++)
        request_close_handle(handles[i]);
}
