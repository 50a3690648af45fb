/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Making sockets, and the calls about one socket alone.
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

void socket_set_side(struct file *file, const struct socket_side *side)
{
    const struct socket_peer *peer = &side->peer;

    lock_acquire(&file->lock);
    file->handles[STREAM_READ_END] = side->in;
    file->handles[STREAM_WRITE_END] = side->out;
    file->node = file_object_id(side->in);
    file->extra[SOCKET_TYPE_UID] = (side->type & LINUX_SOCK_TYPE_MASK) | (uint64_t)peer->uid << 32;
    file->extra[SOCKET_PID_GID] = peer->pid | (uint64_t)peer->gid << 32;
    lock_release(&file->lock);
}

static struct file *create(uint32_t type)
{
    struct file *file = file_create(&socket_operations, LINUX_O_RDWR | (type & LINUX_O_NONBLOCK));

    if (file != NULL)
        file->offset_shared = true;
    return file;
}

struct file *socket_create_side(const struct socket_side *side)
{
    struct file *file = create(side->type);

    if (file == NULL) {
        request_close_handle(side->in);
        request_close_handle(side->out);
        return NULL;
    }
    socket_set_side(file, side);
    return file;
}

int socket_create_streams(uint32_t type, struct stream_handles *there, struct stream_handles *back)
{
    bool messages = (type & LINUX_SOCK_TYPE_MASK) != LINUX_SOCK_STREAM;
    uint64_t capacity = messages ? MESSAGE_CAPACITY : BYTE_CAPACITY;
    uint32_t flags = messages ? STREAM_MESSAGES : 0;

    int64_t result = native_stream_create(library.account, capacity, flags, there);
    if (result < 0)
        return request_error(result);
    result = native_stream_create(library.account, capacity, flags, back);
    if (result >= 0)
        return 0;
    request_close_handle(there->read_end);
    request_close_handle(there->write_end);
    return request_error(result);
}

static int create_pair(struct task *task, uint32_t type, struct file *sides[2])
{
    const struct process_info_page *info = task->group->info;
    const struct socket_peer self = {info->pid, info->euid, info->egid};
    struct stream_handles there, back;

    int error = socket_create_streams(type, &there, &back);
    if (error != 0)
        return error;
    const struct socket_side first = {back.read_end, there.write_end, type, self};
    const struct socket_side second = {there.read_end, back.write_end, type, self};
    sides[0] = socket_create_side(&first);
    sides[1] = socket_create_side(&second);
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

static int check_socket(const struct socket_arguments *arguments)
{
    if (arguments->family != LINUX_AF_UNIX)
        return -LINUX_EAFNOSUPPORT;
    if (arguments->protocol != 0 && arguments->protocol != LINUX_AF_UNIX)
        return -LINUX_EPROTONOSUPPORT;
    return check_type(arguments->type);
}

/* A socket for datagrams can be sent to as soon as it has a name. */
static int create_inbox(struct file *file)
{
    struct stream_handles ends;
    int64_t result =
        native_stream_create(library.account, MESSAGE_CAPACITY, STREAM_MESSAGES, &ends);

    if (result < 0)
        return request_error(result);
    file->handles[STREAM_READ_END] = ends.read_end;
    file->handles[SOCKET_OWN_END] = ends.write_end;
    file->node = file_object_id(ends.read_end);
    return 0;
}

int64_t linux_socket(struct task *task, const struct socket_arguments *arguments)
{
    int error = check_socket(arguments);

    if (error != 0)
        return error;
    uint32_t type = (uint32_t)arguments->type;
    const struct file_install install = {create(type), 0, (type & LINUX_O_CLOEXEC) != 0};
    if (install.file == NULL)
        return -LINUX_ENOMEM;
    install.file->extra[SOCKET_TYPE_UID] =
        (type & LINUX_SOCK_TYPE_MASK) | SOCKET_NEW | UINT64_C(0xffffffff) << 32;
    install.file->extra[SOCKET_PID_GID] = UINT64_C(0xffffffff) << 32;
    error = socket_has_datagrams(install.file) ? create_inbox(install.file) : 0;
    if (error == 0)
        return file_install(task, &install);
    file_put(install.file);
    return error;
}

/* For a call that does nothing: whether it was to a socket. */
static int64_t answer(struct task *task, int fd, int error)
{
    struct file *file;

    int result = socket_get(task, fd, &file);
    if (result != 0)
        return result;
    file_put(file);
    return error;
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
        return 0;
    case LINUX_SO_ACCEPTCONN:
        return socket_state(file) == SOCKET_LISTENING;
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

/* Sizes are a wish that need not be granted; names of this family are never reused. */
int64_t linux_setsockopt(struct task *task, const struct setsockopt_arguments *arguments)
{
    int32_t option = arguments->option;
    bool known =
        arguments->level == LINUX_SOL_SOCKET &&
        (option == LINUX_SO_SNDBUF || option == LINUX_SO_RCVBUF || option == LINUX_SO_REUSEADDR);

    if (known && arguments->length < sizeof(int32_t))
        return answer(task, arguments->fd, -LINUX_EINVAL);
    return answer(task, arguments->fd, known ? 0 : -LINUX_ENOPROTOOPT);
}
