/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A connected socket is the reading end of one kernel stream and the writing end
 * of another; of bytes for SOCK_STREAM, else of messages. Handles that files are
 * made of travel in the streams with the bytes they were sent with.
 */
#include "socket.h"

#include <posix/linux/signal.h>
#include <posix/request.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <trellis/native.h>

#include "passing.h"
#include "transfer.h"

#define AGAIN_NS UINT64_C(1000000)

static int64_t send_failed(struct task *task, const struct file *file, int64_t result,
                           uint32_t flags)
{
    enum status status = status_of_result(result);

    if (status == STATUS_CLOSED && socket_has_datagrams(file))
        return -LINUX_ECONNREFUSED;
    if (status == STATUS_CLOSED && (flags & LINUX_MSG_NOSIGNAL) == 0)
        signal_raise(task, LINUX_SIGPIPE);
    if (status == STATUS_OUT_OF_RANGE)
        return -LINUX_EMSGSIZE;
    return request_error(result);
}

/* A message may need more room than a stream that is writable has: then look again now and then. */
static int64_t wait_for_room(struct task *task, handle_t end)
{
    bool some = (file_signals(end) & SIGNAL_WRITABLE) != 0;
    uint32_t mask = SIGNAL_CLOSED_READ | (some ? 0u : SIGNAL_WRITABLE);
    int64_t fired = wait_for(task, end, mask, some ? wait_deadline(AGAIN_NS) : DEADLINE_NEVER);
    return fired < 0 ? fired : 0;
}

static int64_t write_once(struct task *task, handle_t end, const struct socket_transfer *send,
                          size_t done)
{
    const struct transfer *transfer = &send->transfer;
    bool with_files = send->files != NULL && done == 0;

    if (with_files)
        passing_put(task, send->files);
    return native_stream_write(end, transfer_at(transfer, done), transfer->length - done,
                               with_files ? STREAM_HANDLES : 0);
}

int64_t socket_send(struct task *task, const struct file *file, struct socket_transfer *send)
{
    bool named = send->destination != HANDLE_NONE;
    handle_t end = named ? send->destination : file->handles[STREAM_WRITE_END];
    bool waits = file_waits(file) && (send->flags & LINUX_MSG_DONTWAIT) == 0;
    size_t done = 0;

    if (socket_state(file) != 0 && !named)
        return -LINUX_ENOTCONN;
    if (end == HANDLE_NONE)
        return send_failed(task, file, -(int64_t)STATUS_CLOSED, send->flags);
    do {
        int64_t count = write_once(task, end, send, done);
        if (count >= 0) {
            done += (size_t)count;
            continue;
        }
        if (status_of_result(count) != STATUS_WOULD_BLOCK)
            return transfer_result(done, send_failed(task, file, count, send->flags));
        if (!waits)
            return transfer_result(done, -LINUX_EAGAIN);
        count = wait_for_room(task, end);
        if (count < 0)
            return transfer_result(done, count);
    } while (done < send->transfer.length);
    return (int64_t)done;
}

static size_t next_message_length(handle_t end)
{
    struct stream_information information;
    return native_stream_inspect(end, &information) < 0 ? 0 : information.next;
}

static int64_t read_once(struct task *task, const struct file *file, handle_t end,
                         struct socket_transfer *receive, size_t done)
{
    const struct transfer *transfer = &receive->transfer;
    uint32_t flags = (receive->flags & LINUX_MSG_PEEK) != 0 ? STREAM_PEEK : STREAM_HANDLES;

    receive->message_length = socket_has_messages(file) ? next_message_length(end) : 0;
    task->frame->handle_count = 0;
    int64_t count =
        native_stream_read(end, transfer_at(transfer, done), transfer->length - done, flags);
    if (count >= 0 && flags == STREAM_HANDLES && task->frame->handle_count > 0)
        passing_take(task, receive->files);
    return count;
}

int64_t socket_receive(struct task *task, const struct file *file, struct socket_transfer *receive)
{
    handle_t end = file->handles[STREAM_READ_END];
    bool waits = file_waits(file) && (receive->flags & LINUX_MSG_DONTWAIT) == 0;
    bool all = (receive->flags & (LINUX_MSG_WAITALL | LINUX_MSG_PEEK)) == LINUX_MSG_WAITALL &&
               !socket_has_messages(file);
    size_t done = 0;

    if (socket_state(file) != 0 && !socket_has_datagrams(file))
        return socket_has_messages(file) ? -LINUX_ENOTCONN : -LINUX_EINVAL;
    if (end == HANDLE_NONE)
        return 0;
    for (;;) {
        int64_t count = read_once(task, file, end, receive, done);
        if (count >= 0) {
            done += (size_t)count;
            if (!all || count == 0 || done == receive->transfer.length)
                return (int64_t)done;
            continue;
        }
        if (status_of_result(count) != STATUS_WOULD_BLOCK)
            return transfer_result(done, request_error(count));
        if (!waits)
            return transfer_result(done, -LINUX_EAGAIN);
        int64_t fired = wait_for(task, end, SIGNAL_READABLE | SIGNAL_CLOSED_WRITE, DEADLINE_NEVER);
        if (fired < 0)
            return transfer_result(done, fired);
    }
}

static int64_t socket_read(struct task *task, struct file *file, const struct transfer *transfer)
{
    struct socket_transfer receive = {.transfer = *transfer};

    if (transfer->length == 0 && !socket_has_messages(file))
        return 0;
    return socket_receive(task, file, &receive);
}

static int64_t socket_write(struct task *task, struct file *file, const struct transfer *transfer)
{
    struct socket_transfer send = {.transfer = *transfer};

    if (transfer->length == 0 && !socket_has_messages(file))
        return 0;
    return socket_send(task, file, &send);
}

static void poll_reading(struct file *file, struct file_interest *interest)
{
    handle_t queue = file->handles[STREAM_READ_END];

    if (queue == HANDLE_NONE || (file_signals(queue) & SIGNAL_READABLE) != 0)
        interest->ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if ((interest->events & (LINUX_POLLIN | LINUX_POLLRDNORM)) != 0)
        file_interest_add(interest, queue, SIGNAL_READABLE);
}

static void poll_connected(struct file *file, struct file_interest *interest)
{
    handle_t in = file->handles[STREAM_READ_END], out = file->handles[STREAM_WRITE_END];
    uint32_t read = in == HANDLE_NONE ? SIGNAL_CLOSED_WRITE : file_signals(in);
    uint32_t written = out == HANDLE_NONE ? SIGNAL_CLOSED_READ : file_signals(out);
    uint32_t ended = read & SIGNAL_CLOSED_WRITE;

    if ((read & SIGNAL_READABLE) != 0 || ended != 0)
        interest->ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if (ended != 0)
        interest->ready |= LINUX_POLLRDHUP;
    if ((written & (SIGNAL_WRITABLE | SIGNAL_CLOSED_READ)) != 0)
        interest->ready |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    if (ended != 0 && (written & SIGNAL_CLOSED_READ) != 0)
        interest->ready |= LINUX_POLLHUP;
    uint32_t reading = LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLRDHUP;
    if ((interest->events & reading) != 0)
        file_interest_add(interest, in, SIGNAL_READABLE | SIGNAL_CLOSED_WRITE);
    if ((interest->events & (LINUX_POLLOUT | LINUX_POLLWRNORM)) != 0)
        file_interest_add(interest, out, SIGNAL_WRITABLE | SIGNAL_CLOSED_READ);
}

static void socket_poll(struct task *task, struct file *file, struct file_interest *interest)
{
    (void)task;
    switch (socket_state(file)) {
    case SOCKET_NEW:
        interest->ready |= LINUX_POLLOUT | LINUX_POLLWRNORM;
        if (socket_has_datagrams(file))
            poll_reading(file, interest);
        else
            interest->ready |= LINUX_POLLHUP;
        break;
    case SOCKET_LISTENING:
        poll_reading(file, interest);
        break;
    default:
        poll_connected(file, interest);
    }
}

static int socket_attributes(struct task *task, struct file *file, struct fs_attributes *attributes)
{
    (void)task;
    file_plain_attributes(attributes, LINUX_S_IFSOCK | 0777, file->node);
    return 0;
}

const struct file_operations socket_operations = {
    .kind = POSIX_FILE_SOCKET,
    .name = "socket",
    .read = socket_read,
    .write = socket_write,
    .poll = socket_poll,
    .control = stream_control,
    .attributes = socket_attributes,
};

int socket_get(struct task *task, int fd, struct file **file)
{
    *file = file_get_open(task, fd);
    if (*file == NULL)
        return -LINUX_EBADF;
    if ((*file)->operations == &socket_operations)
        return 0;
    file_put(*file);
    return -LINUX_ENOTSOCK;
}
