/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Nodes of file servers: regular files, directories, what /proc makes up, and
 * whatever is open with O_PATH.
 *
 * Reading a file with pages is one copy by the kernel, at an offset that is our
 * own; once another process shares the description the offset is the session's.
 */
#include "node.h"

#include <posix/linux/process.h>
#include <posix/linux/signal.h>
#include <posix/request.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <trellis/native.h>

#include "record_lock.h"
#include "transfer.h"

static handle_t session_of(const struct file *file)
{
    return file->handles[NODE_SESSION];
}

int node_request(struct task *task, struct file *file, struct message *message)
{
    return request(task, session_of(file), message);
}

int node_attributes(struct task *task, struct file *file, struct fs_attributes *attributes)
{
    struct message message;

    message_begin(&message, FS_ATTRIBUTES);
    int error = node_request(task, file, &message);
    if (error == 0)
        memcpy(attributes, frame_text(task->frame), sizeof(*attributes));
    return error;
}

int node_change(struct task *task, struct file *file, const struct fs_change *change)
{
    struct message message;

    message_begin(&message, FS_CHANGE);
    message_copy_text(&message, task->frame, change, sizeof(*change));
    return node_request(task, file, &message);
}

bool node_is_directory(const struct file *file)
{
    return (file->extra[1] & LINUX_S_IFMT) == LINUX_S_IFDIR;
}

/* The kernel's copies may be cut into steps. */
static int64_t read_pages(const struct file *file, const struct transfer *transfer, uint64_t offset)
{
    size_t done = 0;

    while (done < transfer->length) {
        int64_t count = native_memory_read(file->handles[NODE_PAGES], offset + done,
                                           transfer_at(transfer, done), transfer->length - done);
        if (count < 0)
            return transfer_result(done, request_error(count));
        if (count == 0)
            break;
        done += (size_t)count;
    }
    return (int64_t)done;
}

/* READ requests from `offset`, which may be FS_OFFSET_SHARED. */
static int64_t read_session(struct task *task, struct file *file, const struct transfer *transfer,
                            uint64_t offset)
{
    size_t done = 0;
    struct message message;

    while (done < transfer->length) {
        message_begin(&message, FS_READ);
        message.words[0] = offset == FS_OFFSET_SHARED ? offset : offset + done;
        message.words[1] = transfer->length - done;
        int error = node_request(task, file, &message);
        if (error != 0)
            return transfer_result(done, error);
        size_t count = message_text_length(message.information);
        if (transfer_put(transfer, done, frame_text(task->frame), count) != 0)
            return transfer_result(done, -LINUX_EFAULT);
        done += count;
        if (count == 0 || (count < MESSAGE_TEXT_SIZE && offset != FS_OFFSET_SHARED))
            break;
    }
    return (int64_t)done;
}

static int64_t read_at(struct task *task, struct file *file, const struct transfer *transfer,
                       uint64_t offset)
{
    if (file->handles[NODE_PAGES] != HANDLE_NONE)
        return read_pages(file, transfer, offset);
    return read_session(task, file, transfer, offset);
}

static int64_t node_read(struct task *task, struct file *file, const struct transfer *transfer)
{
    if (node_is_directory(file))
        return -LINUX_EISDIR;
    if (transfer->positioned)
        return read_at(task, file, transfer, transfer->offset);
    lock_acquire(&file->lock);
    if (file->offset_shared) {
        lock_release(&file->lock);
        return read_session(task, file, transfer, FS_OFFSET_SHARED);
    }
    int64_t count = read_at(task, file, transfer, file->offset);
    if (count > 0)
        file->offset += (uint64_t)count;
    lock_release(&file->lock);
    return count;
}

/* One piece, of at most a message's text; *offset moves with it. */
static int64_t write_piece(struct task *task, struct file *file, const struct transfer *transfer,
                           size_t done, uint64_t *offset)
{
    struct message message;

    message_begin(&message, FS_WRITE);
    message.words[0] = *offset;
    int error = transfer_take_text(transfer, done, task->frame, &message);
    if (error == 0)
        error = node_request(task, file, &message);
    if (error != 0)
        return error;
    if (*offset < FS_OFFSET_SHARED)
        *offset = message.words[1];
    else if (*offset == FS_OFFSET_APPEND && !file->offset_shared && !transfer->positioned)
        file->offset = message.words[1];
    return (int64_t)message.words[0];
}

static int64_t write_pieces(struct task *task, struct file *file, const struct transfer *transfer,
                            uint64_t *offset)
{
    size_t done = 0;

    while (done < transfer->length) {
        int64_t count = write_piece(task, file, transfer, done, offset);
        if (count < 0)
            return transfer_result(done, count);
        done += (size_t)count;
        if (count == 0)
            break;
    }
    return (int64_t)done;
}

/* RLIMIT_FSIZE for a write at a known offset: how much may be written; 0: nothing, with SIGXFSZ. */
static size_t allowed_size(struct task *task, uint64_t offset, size_t length)
{
    uint64_t limit = task_limit(task, LINUX_RLIMIT_FSIZE);

    if (limit == LINUX_RLIM_INFINITY || offset >= FS_OFFSET_SHARED)
        return length;
    if (offset >= limit) {
        signal_raise(task, LINUX_SIGXFSZ);
        return 0;
    }
    return length < limit - offset ? length : (size_t)(limit - offset);
}

static int64_t write_limited(struct task *task, struct file *file, const struct transfer *transfer,
                             uint64_t *offset)
{
    struct transfer allowed = *transfer;

    allowed.length = allowed_size(task, *offset, transfer->length);
    if (allowed.length == 0 && transfer->length > 0)
        return -LINUX_EFBIG;
    return write_pieces(task, file, &allowed, offset);
}

static int64_t node_write(struct task *task, struct file *file, const struct transfer *transfer)
{
    bool appends = (file->status_flags & LINUX_O_APPEND) != 0;
    uint64_t offset = appends ? FS_OFFSET_APPEND : transfer->offset;

    if (transfer->positioned)
        return write_limited(task, file, transfer, &offset);
    lock_acquire(&file->lock);
    if (!appends)
        offset = file->offset_shared ? FS_OFFSET_SHARED : file->offset;
    int64_t count = write_limited(task, file, transfer, &offset);
    if (offset < FS_OFFSET_SHARED)
        file->offset = offset;
    lock_release(&file->lock);
    return count;
}

static int64_t seek_shared(struct task *task, struct file *file, int64_t offset, unsigned whence)
{
    struct message message;

    message_begin(&message, FS_SEEK);
    message.words[0] = (uint64_t)offset;
    message.words[1] = whence;
    int error = node_request(task, file, &message);
    return error != 0 ? error : (int64_t)message.words[0];
}

/* Where the offset would be counted from. */
static int seek_base(struct task *task, struct file *file, unsigned whence, int64_t *base)
{
    struct fs_attributes attributes;

    *base = whence == LINUX_SEEK_CUR ? (int64_t)file->offset : 0;
    if (whence != LINUX_SEEK_END)
        return 0;
    int error = node_attributes(task, file, &attributes);
    *base = (int64_t)attributes.size;
    return error;
}

/* Files here have no holes that one could find: all is data up to the end. */
static int64_t seek_data(struct task *task, struct file *file, int64_t offset, unsigned *whence)
{
    struct fs_attributes attributes;
    int error = node_attributes(task, file, &attributes);

    if (error != 0)
        return error;
    if (offset < 0 || (uint64_t)offset >= attributes.size)
        return -LINUX_ENXIO;
    int64_t target = *whence == LINUX_SEEK_DATA ? offset : (int64_t)attributes.size;
    *whence = LINUX_SEEK_SET;
    return target;
}

static int64_t node_seek(struct task *task, struct file *file, int64_t offset, unsigned whence)
{
    int64_t base, result;

    if (whence == LINUX_SEEK_DATA || whence == LINUX_SEEK_HOLE) {
        offset = seek_data(task, file, offset, &whence);
        if (offset < 0)
            return offset;
    }
    if (whence > LINUX_SEEK_END)
        return -LINUX_EINVAL;
    if (file->offset_shared)
        return seek_shared(task, file, offset, whence);
    lock_acquire(&file->lock);
    int error = seek_base(task, file, whence, &base);
    if (error == 0 && (__builtin_add_overflow(base, offset, &result) || result < 0))
        error = -LINUX_EINVAL;
    if (error == 0)
        file->offset = (uint64_t)result;
    lock_release(&file->lock);
    return error != 0 ? error : result;
}

/* Always ready, as Linux has it for files and directories. */
static void node_poll(struct task *task, struct file *file, struct file_interest *interest)
{
    (void)task;
    (void)file;
    interest->ready = LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT | LINUX_POLLWRNORM;
}

static int node_pages(struct task *task, struct file *file, struct file_pages *pages)
{
    (void)task;
    if (file->handles[NODE_PAGES] == HANDLE_NONE)
        return -LINUX_ENODEV;
    *pages = (struct file_pages){.memory = file->handles[NODE_PAGES]};
    return 0;
}

static void node_close(struct task *task, struct file *file)
{
    record_lock_closed(task, file);
}

/* A server that keeps no offsets (/proc) leaves it private. */
static int node_share(struct task *task, struct file *file)
{
    struct message message;

    if ((file->status_flags & LINUX_O_PATH) != 0)
        return 0;
    lock_acquire(&file->lock);
    if (!file->offset_shared) {
        message_begin(&message, FS_SHARE_OFFSET);
        message.words[0] = file->offset;
        file->offset_shared = node_request(task, file, &message) == 0;
    }
    lock_release(&file->lock);
    return 0;
}

const struct file_operations node_operations = {
    .kind = POSIX_FILE_NODE,
    .read = node_read,
    .write = node_write,
    .seek = node_seek,
    .poll = node_poll,
    .attributes = node_attributes,
    .change = node_change,
    .pages = node_pages,
    .list = node_list,
    .close = node_close,
    .share = node_share,
    .leave_parent = record_lock_leave_parent,
};
