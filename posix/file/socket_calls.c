/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The other socket calls. Only pairs can be made; so there is nobody to bind,
 * listen for or connect to.
 */
#include "socket.h"

#include <posix/calls.h>
#include <posix/request.h>
#include <posix/task.h>
#include <trellis/native.h>

#include "pipe.h"
#include "transfer.h"

#define BYTE_CAPACITY 65536
#define MESSAGE_CAPACITY (256 * 1024)

/* One side: reads here, writes there; its handles are used up also on failure. */
static struct file *create_side(struct task *task, uint32_t type, handle_t in, handle_t out)
{
    const struct process_info_page *info = task->group->info;
    struct file *file = file_create(&socket_operations, LINUX_O_RDWR | (type & LINUX_O_NONBLOCK));

    if (file == NULL) {
        request_close_handle(in);
        request_close_handle(out);
        return NULL;
    }
    file->handles[STREAM_READ_END] = in;
    file->handles[STREAM_WRITE_END] = out;
    file->node = file_object_id(in);
    file->offset_shared = true;
    file->extra[SOCKET_TYPE_UID] = (type & LINUX_SOCK_TYPE_MASK) | (uint64_t)info->euid << 32;
    file->extra[SOCKET_PID_GID] = info->pid | (uint64_t)info->egid << 32;
    return file;
}

static int create_pair(struct task *task, uint32_t type, struct file *sides[2])
{
    bool messages = (type & LINUX_SOCK_TYPE_MASK) != LINUX_SOCK_STREAM;
    struct stream_handles there, back;

    uint64_t capacity = messages ? MESSAGE_CAPACITY : BYTE_CAPACITY;
    uint32_t flags = messages ? STREAM_MESSAGES : 0;
    int64_t result = native_stream_create(library.account, capacity, flags, &there);
    if (result < 0)
        return request_error(result);
    result = native_stream_create(library.account, capacity, flags, &back);
    if (result < 0) {
        request_close_handle(there.read_end);
        request_close_handle(there.write_end);
        return request_error(result);
    }
    sides[0] = create_side(task, type, back.read_end, there.write_end);
    sides[1] = create_side(task, type, there.read_end, back.write_end);
    if (sides[0] != NULL && sides[1] != NULL)
        return 0;
    for (unsigned i = 0; i < 2; i++) {
        if (sides[i] != NULL)
            file_put(sides[i]);
    }
    return -LINUX_ENOMEM;
}

static int check_type(uint64_t type)
{
    uint64_t kind = type & LINUX_SOCK_TYPE_MASK;

    if ((type & ~(uint64_t)(LINUX_SOCK_TYPE_MASK | LINUX_O_NONBLOCK | LINUX_O_CLOEXEC)) != 0)
        return -LINUX_EINVAL;
    return kind == LINUX_SOCK_STREAM || kind == LINUX_SOCK_DGRAM || kind == LINUX_SOCK_SEQPACKET
               ? 0
               : -LINUX_ESOCKTNOSUPPORT;
}

int64_t linux_socketpair(struct task *task, const struct socketpair_arguments *arguments)
{
    struct file_pair pair = {.close_on_exec = (arguments->type & LINUX_O_CLOEXEC) != 0,
                             .address = arguments->descriptors};

    if (arguments->family != LINUX_AF_UNIX)
        return -LINUX_EAFNOSUPPORT;
    if (arguments->protocol != 0 && arguments->protocol != LINUX_AF_UNIX)
        return -LINUX_EPROTONOSUPPORT;
    int error = check_type(arguments->type);
    if (error == 0)
        error = create_pair(task, (uint32_t)arguments->type, pair.files);
    return error != 0 ? error : file_install_pair(task, &pair);
}

int64_t linux_socket(struct task *task, const struct socket_arguments *arguments)
{
    (void)task;
    (void)arguments;
    return -LINUX_EAFNOSUPPORT;
}

/* What all calls that a socket of a pair refuses have in common. */
static int64_t refuse(struct task *task, int fd, int error)
{
    struct file *file;

    int result = socket_get(task, fd, &file);
    if (result != 0)
        return result;
    file_put(file);
    return error;
}

int64_t linux_bind(struct task *task, const struct bind_arguments *arguments)
{
    return refuse(task, arguments->fd, -LINUX_EINVAL);
}

int64_t linux_listen(struct task *task, const struct listen_arguments *arguments)
{
    return refuse(task, arguments->fd, -LINUX_EINVAL);
}

int64_t linux_accept(struct task *task, const struct accept_arguments *arguments)
{
    return refuse(task, arguments->fd, -LINUX_EINVAL);
}

int64_t linux_accept4(struct task *task, const struct accept4_arguments *arguments)
{
    return refuse(task, arguments->fd, -LINUX_EINVAL);
}

int64_t linux_connect(struct task *task, const struct connect_arguments *arguments)
{
    return refuse(task, arguments->fd, -LINUX_EISCONN);
}

/* An address of AF_UNIX without a name. */
static int64_t give_unnamed(struct task *task, int fd, uint64_t address, uint64_t length_address)
{
    const uint16_t family = LINUX_AF_UNIX;
    uint32_t room, length = sizeof(family);

    int64_t error = refuse(task, fd, 0);
    if (error == 0)
        error = copy_word_from_program(&room, length_address);
    if (error == 0)
        error = copy_to_program(address, &family, room < length ? room : length);
    return error != 0 ? error : copy_to_program(length_address, &length, sizeof(length));
}

int64_t linux_getsockname(struct task *task, const struct getsockname_arguments *arguments)
{
    return give_unnamed(task, arguments->fd, arguments->address, arguments->length);
}

int64_t linux_getpeername(struct task *task, const struct getpeername_arguments *arguments)
{
    return give_unnamed(task, arguments->fd, arguments->address, arguments->length);
}

static void close_side(struct file *file, unsigned side)
{
    lock_acquire(&file->lock);
    handle_t handle = file->handles[side];
    file->handles[side] = HANDLE_NONE;
    lock_release(&file->lock);
    request_close_handle(handle);
}

int64_t linux_shutdown(struct task *task, const struct shutdown_arguments *arguments)
{
    struct file *file;

    if (arguments->how < LINUX_SHUT_RD || arguments->how > LINUX_SHUT_RDWR)
        return -LINUX_EINVAL;
    int error = socket_get(task, arguments->fd, &file);
    if (error != 0)
        return error;
    if (arguments->how != LINUX_SHUT_WR)
        close_side(file, STREAM_READ_END);
    if (arguments->how != LINUX_SHUT_RD)
        close_side(file, STREAM_WRITE_END);
    file_put(file);
    return 0;
}

/* The number behind a SOL_SOCKET option, or -ENOPROTOOPT. */
static int64_t option_value(const struct file *file, int32_t option)
{
    switch (option) {
    case LINUX_SO_TYPE:
        return socket_type(file);
    case LINUX_SO_DOMAIN:
        return LINUX_AF_UNIX;
    case LINUX_SO_ERROR:
    case LINUX_SO_PROTOCOL:
    case LINUX_SO_ACCEPTCONN:
        return 0;
    case LINUX_SO_SNDBUF:
    case LINUX_SO_RCVBUF:
        return socket_has_messages(file) ? MESSAGE_CAPACITY : BYTE_CAPACITY;
    default:
        return -LINUX_ENOPROTOOPT;
    }
}

static int64_t give_option(const struct getsockopt_arguments *arguments, const void *value,
                           uint32_t size)
{
    uint32_t room;

    int error = copy_word_from_program(&room, arguments->length);
    if (error == 0 && (int32_t)room < 0)
        error = -LINUX_EINVAL;
    if (error == 0 && room > size)
        room = size;
    if (error == 0)
        error = copy_to_program(arguments->value, value, room);
    return error != 0 ? error : copy_to_program(arguments->length, &room, sizeof(room));
}

int64_t linux_getsockopt(struct task *task, const struct getsockopt_arguments *arguments)
{
    struct file *file;

    int64_t result = socket_get(task, arguments->fd, &file);
    if (result != 0)
        return result;
    const struct linux_ucred peer = {(int32_t)file->extra[SOCKET_PID_GID],
                                     (uint32_t)(file->extra[SOCKET_TYPE_UID] >> 32),
                                     (uint32_t)(file->extra[SOCKET_PID_GID] >> 32)};
    int64_t number = option_value(file, arguments->option);
    file_put(file);
    if (arguments->level != LINUX_SOL_SOCKET)
        return -LINUX_EOPNOTSUPP;
    if (arguments->option == LINUX_SO_PEERCRED)
        return give_option(arguments, &peer, sizeof(peer));
    const int32_t value = (int32_t)number;
    return number < 0 ? number : give_option(arguments, &value, sizeof(value));
}

/* Sizes are a wish that need not be granted; nothing else can be set. */
int64_t linux_setsockopt(struct task *task, const struct setsockopt_arguments *arguments)
{
    bool size = arguments->level == LINUX_SOL_SOCKET &&
                (arguments->option == LINUX_SO_SNDBUF || arguments->option == LINUX_SO_RCVBUF);

    if (size && arguments->length < sizeof(int32_t))
        return refuse(task, arguments->fd, -LINUX_EINVAL);
    return refuse(task, arguments->fd, size ? 0 : -LINUX_ENOPROTOOPT);
}
