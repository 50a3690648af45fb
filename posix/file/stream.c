/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Pipes are kernel streams: one native call moves bytes between the program and
 * the ring; only when there is nothing to take or no room does the library wait.
 */
#include "stream.h"

#include <posix/linux/signal.h>
#include <posix/request.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <trellis/native.h>

#include "node.h"
#include "transfer.h"

/* Nothing could be done: wait for it, or say that it would block. 0: try again. */
static int64_t wait_until(struct task *task, const struct file *file, handle_t handle,
                          uint32_t mask)
{
    if (!file_waits(file))
        return -LINUX_EAGAIN;
    int64_t fired = wait_for(task, handle, mask, DEADLINE_NEVER);
    return fired < 0 ? fired : 0;
}

int64_t stream_receive(struct task *task, const struct file *file, const struct transfer *transfer)
{
    handle_t end = file->handles[STREAM_READ_END];

    for (;;) {
        int64_t count = native_stream_read(end, transfer_at(transfer, 0), transfer->length, 0);
        if (count >= 0)
            return count;
        if (status_of_result(count) != STATUS_WOULD_BLOCK)
            return request_error(count);
        count = wait_until(task, file, end, SIGNAL_READABLE | SIGNAL_CLOSED_WRITE);
        if (count < 0)
            return count;
    }
}

static int64_t send_failed(struct task *task, size_t done, int64_t error)
{
    if (error == -LINUX_EPIPE)
        signal_raise(task, LINUX_SIGPIPE);
    return transfer_result(done, error);
}

int64_t stream_send(struct task *task, const struct file *file, const struct transfer *transfer)
{
    handle_t end = file->handles[STREAM_WRITE_END];
    size_t done = 0;

    while (done < transfer->length) {
        int64_t count =
            native_stream_write(end, transfer_at(transfer, done), transfer->length - done, 0);
        if (count >= 0) {
            done += (size_t)count;
            continue;
        }
        if (status_of_result(count) != STATUS_WOULD_BLOCK)
            return send_failed(task, done, request_error(count));
        count = wait_until(task, file, end, SIGNAL_WRITABLE | SIGNAL_CLOSED_READ);
        if (count < 0)
            return transfer_result(done, count);
    }
    return (int64_t)done;
}

static int64_t stream_read(struct task *task, struct file *file, const struct transfer *transfer)
{
    return transfer->length == 0 ? 0 : stream_receive(task, file, transfer);
}

static int64_t stream_write(struct task *task, struct file *file, const struct transfer *transfer)
{
    return stream_send(task, file, transfer);
}

static void poll_read_end(struct file *file, struct file_interest *interest)
{
    uint32_t signals = file_signals(file->handles[STREAM_READ_END]);

    if ((signals & SIGNAL_READABLE) != 0)
        interest->ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if ((signals & SIGNAL_CLOSED_WRITE) != 0)
        interest->ready |= LINUX_POLLHUP;
    uint32_t wanted = (interest->events & (LINUX_POLLIN | LINUX_POLLRDNORM)) != 0
                          ? SIGNAL_READABLE | SIGNAL_CLOSED_WRITE
                          : SIGNAL_CLOSED_WRITE;
    file_interest_add(interest, file->handles[STREAM_READ_END], wanted);
}

static void poll_write_end(struct file *file, struct file_interest *interest)
{
    uint32_t signals = file_signals(file->handles[STREAM_WRITE_END]);

    if ((signals & SIGNAL_WRITABLE) != 0)
        interest->ready |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    if ((signals & SIGNAL_CLOSED_READ) != 0)
        interest->ready |= LINUX_POLLERR;
    uint32_t wanted = (interest->events & (LINUX_POLLOUT | LINUX_POLLWRNORM)) != 0
                          ? SIGNAL_WRITABLE | SIGNAL_CLOSED_READ
                          : SIGNAL_CLOSED_READ;
    file_interest_add(interest, file->handles[STREAM_WRITE_END], wanted);
}

void stream_poll(struct task *task, struct file *file, struct file_interest *interest)
{
    (void)task;
    if (file->handles[STREAM_READ_END] != HANDLE_NONE)
        poll_read_end(file, interest);
    if (file->handles[STREAM_WRITE_END] != HANDLE_NONE)
        poll_write_end(file, interest);
}

static int stream_attributes(struct task *task, struct file *file, struct fs_attributes *attributes)
{
    if (file->handles[STREAM_NODE] == HANDLE_NONE) {
        file_plain_attributes(attributes, LINUX_S_IFIFO | 0600, file->node);
        return 0;
    }
    struct message message;
    message_begin(&message, FS_ATTRIBUTES);
    int error = request(task, file->handles[STREAM_NODE], &message);
    if (error == 0)
        memcpy(attributes, frame_text(task->frame), sizeof(*attributes));
    return error;
}

static int stream_change(struct task *task, struct file *file, const struct fs_change *change)
{
    struct message message;

    if (file->handles[STREAM_NODE] == HANDLE_NONE)
        return -LINUX_EPERM;
    message_begin(&message, FS_CHANGE);
    message_copy_text(&message, task->frame, change, sizeof(*change));
    return request(task, file->handles[STREAM_NODE], &message);
}

/* Wait until the event says that the other side has come, be it gone again. */
static int wait_for_side(struct task *task, const struct file *file, uint32_t side)
{
    int64_t fired = wait_for(task, file->handles[STREAM_EVENT], side, DEADLINE_NEVER);
    return fired < 0 ? (int)fired : 0;
}

int stream_open_fifo(struct task *task, struct file *file, const handle_t content[3])
{
    unsigned next = 0;

    if (file_reads(file))
        file->handles[STREAM_READ_END] = content[next++];
    if (file_writes(file))
        file->handles[STREAM_WRITE_END] = content[next++];
    file->handles[STREAM_EVENT] = content[next];
    bool both = file_reads(file) && file_writes(file);
    if (both || !file_waits(file))
        return 0;
    return wait_for_side(task, file, file_reads(file) ? FS_FIFO_WRITER : FS_FIFO_READER);
}

const struct file_operations stream_operations = {
    .kind = POSIX_FILE_STREAM,
    .name = "pipe",
    .read = stream_read,
    .write = stream_write,
    .poll = stream_poll,
    .control = stream_control,
    .attributes = stream_attributes,
    .change = stream_change,
};
