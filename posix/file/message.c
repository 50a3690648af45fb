/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The socket calls that move data: send, sendto, sendmsg and their opposites,
 * with descriptors as control messages.
 */
#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/memory.h>
#include <posix/request.h>
#include <posix/task.h>

#include "control_message.h"
#include "io.h"
#include "passing.h"
#include "socket.h"

#define GATHER_MAX (256 * 1024) /* bytes of vectors that are one message */

static int64_t send_buffer(struct task *task, const struct sendto_arguments *arguments)
{
    struct socket_transfer send = {
        .transfer = {.address = arguments->buffer, .length = arguments->size},
        .flags = (uint32_t)arguments->flags};
    const struct socket_address to = {arguments->address, (uint32_t)arguments->address_length};
    struct file *file;

    int64_t result = socket_get(task, arguments->fd, &file);
    if (result != 0)
        return result;
    if (arguments->address != 0)
        result = socket_find_destination(task, file, &to, &send.destination);
    if (result != 0) {
        file_put(file);
        return result;
    }
    if (!copy_range_valid(arguments->buffer, arguments->size))
        result = -LINUX_EFAULT;
    else if (arguments->size > 0 || socket_has_messages(file))
        result = socket_send(task, file, &send);
    request_close_handle(send.destination);
    file_put(file);
    return result;
}

int64_t linux_sendto(struct task *task, const struct sendto_arguments *arguments)
{
    return send_buffer(task, arguments);
}

/* No name to tell: sockets of a pair have none. */
static int64_t forget_name(uint64_t length_address)
{
    const uint32_t none = 0;
    return length_address == 0 ? 0 : copy_to_program(length_address, &none, sizeof(none));
}

static int64_t length_told(const struct file *file, const struct socket_transfer *receive,
                           int64_t count)
{
    bool whole = (receive->flags & LINUX_MSG_TRUNC) != 0 && socket_has_messages(file) && count >= 0;
    return whole ? (int64_t)receive->message_length : count;
}

int64_t linux_recvfrom(struct task *task, const struct recvfrom_arguments *arguments)
{
    struct socket_transfer receive = {
        .transfer = {.address = arguments->buffer, .length = arguments->size},
        .flags = (uint32_t)arguments->flags};
    struct file *file;

    int64_t result = socket_get(task, arguments->fd, &file);
    if (result != 0)
        return result;
    if (!copy_range_valid(arguments->buffer, arguments->size))
        result = -LINUX_EFAULT;
    else
        result = length_told(file, &receive, socket_receive(task, file, &receive));
    file_put(file);
    int64_t error =
        result < 0 || arguments->address == 0 ? 0 : forget_name(arguments->address_length);
    return error != 0 ? error : result;
}

/* A message's vectors as one piece of the library's memory. */
static int64_t gather_message(const struct linux_msghdr *header, struct vectors *vectors,
                              struct transfer *transfer)
{
    int64_t result = vectors_begin(vectors, header->vectors, header->vector_count);
    if (result != 0)
        return result;
    if (vectors->total > GATHER_MAX)
        vectors->total = GATHER_MAX;
    void *bytes = memory_allocate(vectors->total + 1);
    *transfer =
        (struct transfer){.address = (uint64_t)bytes, .length = vectors->total, .internal = true};
    return bytes == NULL ? -LINUX_ENOMEM : 0;
}

static int64_t send_message(struct task *task, const struct file *file,
                            const struct linux_msghdr *header, struct socket_transfer *send)
{
    struct vectors vectors;

    int64_t result = gather_message(header, &vectors, &send->transfer);
    if (result != 0)
        return result;
    bool whole = vectors.total < GATHER_MAX || !socket_has_messages(file);
    result = vectors_gather(&vectors, (void *)send->transfer.address, vectors.total);
    if (result >= 0)
        result = whole ? socket_send(task, file, send) : -LINUX_EMSGSIZE;
    memory_release((void *)send->transfer.address);
    return result;
}

/* What sendmsg and recvmsg begin with. */
static int64_t take_header(struct task *task, int fd, uint64_t address, struct linux_msghdr *header,
                           struct file **file)
{
    int error = copy_from_program(header, address, sizeof(*header));
    return error != 0 ? error : socket_get(task, fd, file);
}

int64_t linux_sendmsg(struct task *task, const struct sendmsg_arguments *arguments)
{
    struct passed_files passed = {0};
    struct socket_transfer send = {.flags = (uint32_t)arguments->flags};
    struct linux_msghdr header;
    struct file *file;

    int64_t result = take_header(task, arguments->fd, arguments->message, &header, &file);
    if (result != 0)
        return result;
    const struct socket_address to = {header.name, header.name_length};
    if (to.at != 0 && to.length != 0)
        result = socket_find_destination(task, file, &to, &send.destination);
    if (result == 0)
        result = control_message_take(task, &header, &passed);
    if (result == 0 && passed.count > 0) {
        result = passing_prepare(task, &passed);
        send.files = &passed;
    }
    if (result == 0)
        result = send_message(task, file, &header, &send);
    request_close_handle(send.destination);
    passing_release(&passed);
    file_put(file);
    return result;
}

static int64_t receive_message(struct task *task, const struct file *file,
                               const struct linux_msghdr *header, struct socket_transfer *receive)
{
    struct vectors vectors;

    int64_t result = gather_message(header, &vectors, &receive->transfer);
    if (result != 0)
        return result;
    result = socket_receive(task, file, receive);
    if (result > 0) {
        int64_t stored =
            vectors_scatter(&vectors, (void *)receive->transfer.address, (size_t)result);
        result = stored < 0 ? stored : result;
    }
    memory_release((void *)receive->transfer.address);
    return result;
}

static int64_t give_header(struct task *task, uint64_t address, struct linux_msghdr *header,
                           const struct socket_transfer *receive)
{
    bool closes = (receive->flags & LINUX_MSG_CMSG_CLOEXEC) != 0;

    header->flags = receive->flags & LINUX_MSG_CMSG_CLOEXEC;
    if (receive->message_length > receive->transfer.length)
        header->flags |= LINUX_MSG_TRUNC;
    int error = control_message_give(task, header, receive->files, closes);
    header->name_length = 0;
    return error != 0 ? error : copy_to_program(address, header, sizeof(*header));
}

int64_t linux_recvmsg(struct task *task, const struct recvmsg_arguments *arguments)
{
    struct passed_files passed = {0};
    struct socket_transfer receive = {.flags = (uint32_t)arguments->flags, .files = &passed};
    struct linux_msghdr header;
    struct file *file;

    int64_t result = take_header(task, arguments->fd, arguments->message, &header, &file);
    if (result != 0)
        return result;
    int64_t count = receive_message(task, file, &header, &receive);
    result = length_told(file, &receive, count);
    if (count >= 0) {
        int64_t error = give_header(task, arguments->message, &header, &receive);
        result = error != 0 ? error : result;
    }
    passing_release(&passed);
    file_put(file);
    return result;
}
