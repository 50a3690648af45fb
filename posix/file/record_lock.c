/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The server tells owners of record locks apart by pid and those of flock by
 * session. Locks of open file descriptions (F_OFD_*) are flock's kind of owner
 * with record's kind of range, which the server cannot hold apart: not there.
 */
#include "record_lock.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/wait.h>

#include "node.h"

enum { LOCK_SHARED = 0, LOCK_EXCLUSIVE = 1, LOCK_UNLOCK = 2 };
enum { LOCK_FLOCK = 1, LOCK_ASK = 2 };

/*
 * Record locks are taken by a session made for them alone, which no other process
 * has: so they end with the process however it ends.
 */

/* Whether this process ever took a record lock: only then has a close anything to give back. */
static bool locks_were_taken;

static int ask(struct task *task, struct file *file, struct fs_lock *lock, handle_t *event)
{
    struct message message;
    bool own = (lock->flags & LOCK_FLOCK) == 0 && file->handles[NODE_LOCKS] != HANDLE_NONE;

    message_begin(&message, FS_LOCK);
    message_copy_text(&message, task->frame, lock, sizeof(*lock));
    int error = request(task, file->handles[own ? NODE_LOCKS : NODE_SESSION], &message);
    *event = message_handle_count(message.information) > 0 ? task->frame->handles[0].handle
                                                           : HANDLE_NONE;
    if (error == 0 && message_text_length(message.information) == sizeof(*lock))
        memcpy(lock, frame_text(task->frame), sizeof(*lock));
    return error;
}

/* Take the lock; if it is refused, wait for a change and ask again. */
static int64_t insist(struct task *task, struct file *file, const struct fs_lock *wanted,
                      bool waits)
{
    for (;;) {
        struct fs_lock lock = *wanted;
        handle_t event;
        int error = ask(task, file, &lock, &event);
        if (error != -LINUX_EAGAIN || event == HANDLE_NONE)
            return error;
        int64_t fired =
            waits ? wait_for(task, event, FS_LOCK_CHANGED, DEADLINE_NEVER) : -LINUX_EAGAIN;
        request_close_handle(event);
        if (fired < 0)
            return fired;
    }
}

/* The range as the server has it: from the start of the file, length 0 to the end. */
static int range_of(struct task *task, struct file *file, const struct linux_flock *from,
                    struct fs_lock *lock)
{
    int64_t base = 0, start, length = from->length;

    if (from->whence == LINUX_SEEK_CUR) {
        base = file->operations->seek(task, file, 0, LINUX_SEEK_CUR);
    } else if (from->whence == LINUX_SEEK_END) {
        struct fs_attributes attributes;
        int error = node_attributes(task, file, &attributes);
        base = error != 0 ? error : (int64_t)attributes.size;
    } else if (from->whence != LINUX_SEEK_SET) {
        return -LINUX_EINVAL;
    }
    if (base < 0)
        return (int)base;
    if (__builtin_add_overflow(base, from->start, &start))
        return -LINUX_EOVERFLOW;
    if (length < 0) {
        start += length;
        length = -length;
    }
    lock->start = (uint64_t)start;
    lock->length = (uint64_t)length;
    return start < 0 ? -LINUX_EINVAL : 0;
}

static int kind_of(const struct file *file, int16_t type, struct fs_lock *lock)
{
    static const uint32_t kinds[] = {LOCK_SHARED, LOCK_EXCLUSIVE, LOCK_UNLOCK};

    if (type < LINUX_F_RDLCK || type > LINUX_F_UNLCK)
        return -LINUX_EINVAL;
    lock->kind = kinds[type];
    return (type == LINUX_F_RDLCK && !file_reads(file)) ||
                   (type == LINUX_F_WRLCK && !file_writes(file))
               ? -LINUX_EBADF
               : 0;
}

static int64_t find_holder(struct task *task, struct file *file, struct fs_lock *lock,
                           struct linux_flock *asked, uint64_t address)
{
    handle_t event;

    lock->flags = LOCK_ASK;
    int error = ask(task, file, lock, &event);
    if (error != 0)
        return error;
    if (lock->kind == LOCK_UNLOCK) {
        asked->type = LINUX_F_UNLCK;
    } else {
        asked->type = lock->kind == LOCK_SHARED ? LINUX_F_RDLCK : LINUX_F_WRLCK;
        asked->whence = LINUX_SEEK_SET;
        asked->start = (int64_t)lock->start;
        asked->length = (int64_t)lock->length;
        asked->pid = (int32_t)lock->owner;
    }
    return copy_to_program(address, asked, sizeof(*asked));
}

static int make_session(struct task *task, struct file *file)
{
    struct message message;

    locks_were_taken = true;
    lock_acquire(&file->lock);
    int error = 0;
    if (file->handles[NODE_LOCKS] == HANDLE_NONE) {
        message_begin(&message, FS_COPY);
        error = node_request(task, file, &message);
        if (error == 0 && message_handle_count(message.information) == 1)
            file->handles[NODE_LOCKS] = task->frame->handles[0].handle;
    }
    lock_release(&file->lock);
    return error;
}

int64_t record_lock_control(struct task *task, struct file *file, int command, uint64_t address)
{
    struct linux_flock asked;
    struct fs_lock lock = {0};

    if (command >= LINUX_F_OFD_GETLK || file->operations->kind != POSIX_FILE_NODE)
        return -LINUX_EINVAL;
    int error = copy_from_program(&asked, address, sizeof(asked));
    if (error == 0)
        error = range_of(task, file, &asked, &lock);
    if (error != 0)
        return error;
    error = kind_of(file, asked.type, &lock);
    if (command == LINUX_F_GETLK)
        return error == -LINUX_EINVAL ? error : find_holder(task, file, &lock, &asked, address);
    if (error == 0)
        error = make_session(task, file);
    return error != 0 ? error : insist(task, file, &lock, command == LINUX_F_SETLKW);
}

void record_lock_restored(const struct file *file)
{
    locks_were_taken |= file->handles[NODE_LOCKS] != HANDLE_NONE;
}

void record_lock_leave_parent(struct file *file)
{
    request_close_handle(file->handles[NODE_LOCKS]);
    file->handles[NODE_LOCKS] = HANDLE_NONE;
}

void record_lock_closed(struct task *task, struct file *file)
{
    struct fs_lock lock = {.kind = LOCK_UNLOCK};
    handle_t event;

    if (locks_were_taken && (file->status_flags & LINUX_O_PATH) == 0 && !node_is_directory(file))
        (void)ask(task, file, &lock, &event);
}

int64_t linux_flock(struct task *task, const struct flock_arguments *arguments)
{
    struct file *file = file_get_open(task, arguments->fd);
    struct fs_lock lock = {.flags = LOCK_FLOCK};
    bool waits = (arguments->operation & LINUX_LOCK_NB) == 0;
    int64_t result = -LINUX_EINVAL;
    bool known = true;

    if (file == NULL)
        return -LINUX_EBADF;
    switch (arguments->operation & ~(uint64_t)LINUX_LOCK_NB) {
    case LINUX_LOCK_SH:
        lock.kind = LOCK_SHARED;
        break;
    case LINUX_LOCK_EX:
        lock.kind = LOCK_EXCLUSIVE;
        break;
    case LINUX_LOCK_UN:
        lock.kind = LOCK_UNLOCK;
        break;
    default:
        known = false;
    }
    if (known && file->operations->kind == POSIX_FILE_NODE)
        result = insist(task, file, &lock, waits);
    file_put(file);
    return result;
}
