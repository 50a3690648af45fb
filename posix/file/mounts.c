/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The namespace's mounts, asked for once, and a session of each one's root,
 * asked for when a walk first comes to it.
 */
#include "naming_state.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/request.h>
#include <posix/task.h>

#define MOUNTS_MAX 16

static struct lock
    lock; /* guards what follows; entries, once loaded, stay but for their sessions */
static struct mount mounts[MOUNTS_MAX];
static size_t mount_count;

/* Copy the string at `*at` if it ends before `end`, and step behind it. */
static bool take_string(const char **at, const char *end, char *to, size_t size)
{
    size_t length = strnlen(*at, (size_t)(end - *at));

    if (*at + length == end)
        return false;
    if (to != NULL)
        (void)text_copy(to, size, *at);
    *at += length + 1;
    return true;
}

static bool take_mount(const char **at, const char *end, struct mount *mount)
{
    uint32_t numbers[2];

    if ((size_t)(end - *at) < sizeof(numbers))
        return false;
    memcpy(numbers, *at, sizeof(numbers));
    *at += sizeof(numbers);
    *mount = (struct mount){.number = numbers[0], .parent = numbers[1]};
    return take_string(at, end, NULL, 0) &&
           take_string(at, end, mount->directory, sizeof(mount->directory)) &&
           take_string(at, end, mount->type, sizeof(mount->type)) && take_string(at, end, NULL, 0);
}

static void load(struct task *task)
{
    struct message message;

    if (mount_count > 0)
        return;
    message_begin(&message, PROCESS_MOUNT);
    if (request_process(task, &message) != 0)
        return;
    const char *at = frame_text(task->frame);
    const char *end = at + message_text_length(message.information);
    while (mount_count < MOUNTS_MAX && take_mount(&at, end, &mounts[mount_count]))
        mount_count++;
}

static struct mount *find(uint32_t number)
{
    for (size_t i = 0; i < mount_count; i++) {
        if (mounts[i].number == number)
            return &mounts[i];
    }
    return NULL;
}

const struct mount *mount_find(struct task *task, uint32_t number)
{
    lock_acquire(&lock);
    load(task);
    const struct mount *mount = find(number);
    lock_release(&lock);
    return mount;
}

static bool lies_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);

    if (length == 1)
        return true;
    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

uint32_t mount_of_path(struct task *task, const char *path)
{
    size_t longest = 0;
    uint32_t number = MOUNT_ROOT;

    lock_acquire(&lock);
    load(task);
    for (size_t i = 0; i < mount_count; i++) {
        size_t length = strlen(mounts[i].directory);
        if (length < longest || !lies_below(path, mounts[i].directory))
            continue;
        longest = length;
        number = mounts[i].number;
    }
    lock_release(&lock);
    return number;
}

static int ask_session(struct task *task, struct mount *mount)
{
    struct message message;

    message_begin(&message, PROCESS_MOUNT);
    message.words[0] = mount->number;
    int error = request_process(task, &message);
    if (error != 0)
        return error;
    if (message_handle_count(message.information) != 1)
        return -LINUX_EIO;
    mount->session = task->frame->handles[0].handle;
    return 0;
}

int mount_session(struct task *task, uint32_t number, handle_t *session)
{
    lock_acquire(&lock);
    load(task);
    struct mount *mount = find(number);
    int error = mount == NULL ? -LINUX_ENOENT : 0;
    if (error == 0 && mount->session == HANDLE_NONE)
        error = ask_session(task, mount);
    if (error == 0)
        *session = mount->session;
    lock_release(&lock);
    return error;
}

void naming_forget_mounts(void)
{
    lock_acquire(&lock);
    for (size_t i = 0; i < mount_count; i++) {
        request_close_handle(mounts[i].session);
        mounts[i].session = HANDLE_NONE;
    }
    lock_release(&lock);
}

void mount_for_each_session(void (*visit)(handle_t handle, void *argument), void *argument)
{
    lock_acquire(&lock);
    for (size_t i = 0; i < mount_count; i++)
        visit(mounts[i].session, argument);
    lock_release(&lock);
}
