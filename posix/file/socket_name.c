/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Sockets with names: bind, listen, connect, accept.
 *
 * A name is a node of a file server, which joins who connects with who listens
 * (FS_LISTEN, FS_CONNECT). A listening socket reads the stream of connections;
 * it holds the other end too, so that the stream does not end with its name.
 */
#include "socket.h"

#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/memory.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/wait.h>
#include <trellis/native.h>

#include "path.h"

#define QUEUE_CAPACITY 16384 /* bytes: connections that wait to be accepted, and to spare */
#define UNNAMED offsetof(struct linux_sockaddr_un, path)

/* The path in an address; of length 0 if the name is abstract or missing. */
static int take_address(uint64_t address, uint32_t length, struct path *path)
{
    struct linux_sockaddr_un name = {0};

    if (length < UNNAMED || length > sizeof(name))
        return -LINUX_EINVAL;
    int error = copy_from_program(&name, address, length);
    if (error != 0)
        return error;
    if (name.family != LINUX_AF_UNIX)
        return -LINUX_EINVAL;
    path->length = strnlen(name.path, length - UNNAMED);
    memcpy(path->text, name.path, path->length);
    path->text[path->length] = '\0';
    return 0;
}

/* An address into the program's memory; `name` NULL: without one. */
static int64_t give_address(const char *name, uint64_t address, uint64_t length_address)
{
    struct linux_sockaddr_un given = {.family = LINUX_AF_UNIX};
    uint32_t room, length = UNNAMED;

    if (address == 0)
        return 0;
    if (name != NULL) {
        size_t size = strlen(name) + 1;
        size = size < sizeof(given.path) ? size : sizeof(given.path);
        memcpy(given.path, name, size);
        length += (uint32_t)size;
    }
    int error = copy_word_from_program(&room, length_address);
    if (error == 0 && (int32_t)room < 0)
        error = -LINUX_EINVAL;
    if (error == 0)
        error = copy_to_program(address, &given, room < length ? room : length);
    return error != 0 ? error : copy_to_program(length_address, &length, sizeof(length));
}

/* A session of the node at a path, whatever it is. */
static int open_node(struct task *task, struct path *path, uint32_t flags, handle_t *node)
{
    struct opened opened;
    struct path_request call = {
        .dirfd = LINUX_AT_FDCWD, .path = path, .words = {FS_OPEN_PATH | flags}};

    int error = path_open(task, &call, &opened);
    if (error == PATH_DESCRIPTOR)
        return -LINUX_ECONNREFUSED;
    if (error == 0)
        *node = opened.session;
    return error;
}

static int make_node(struct task *task, const char *name, handle_t *node)
{
    struct path path;
    uint32_t mode = LINUX_S_IFSOCK | (0777 & ~task->naming->umask);
    struct path_request call = {
        .dirfd = LINUX_AT_FDCWD, .path = &path, .operation = FS_MAKE, .words = {0, mode}};
    struct message reply;

    int error = path_from_string(&path, name);
    if (error == 0)
        error = path_call(task, &call, &reply);
    if (error != 0)
        return error == -LINUX_EEXIST ? -LINUX_EADDRINUSE : error;
    error = path_from_string(&path, name);
    return error != 0 ? error : open_node(task, &path, FS_OPEN_NO_FOLLOW, node);
}

/* What bind and connect do once the address is understood. */
struct named_call {
    int fd;
    uint64_t address;
    uint32_t length;
    int (*act)(struct task *task, struct file *file, struct path *path);
};

static int64_t call_with_name(struct task *task, const struct named_call *call)
{
    struct path path;
    struct file *file;

    int result = socket_get(task, call->fd, &file);
    if (result != 0)
        return result;
    result = take_address(call->address, call->length, &path);
    if (result == 0)
        result = call->act(task, file, &path);
    file_put(file);
    return result;
}

/* Who names the node from now on writes, or connects, to this stream. */
static int leave_stream(struct task *task, const struct file *file, handle_t node, handle_t end)
{
    struct message message;

    message_begin(&message, FS_LISTEN);
    message.words[0] = socket_type(file);
    message_add_handle(&message, task->frame, end, RIGHT_SAME, 0);
    return request(task, node, &message);
}

static int bind_to(struct task *task, struct file *file, struct path *path)
{
    handle_t node = HANDLE_NONE;

    if (socket_state(file) != SOCKET_NEW || file->handles[SOCKET_NODE] != HANDLE_NONE)
        return -LINUX_EINVAL;
    if (path->length == 0)
        return -LINUX_EADDRNOTAVAIL;
    char *name = memory_copy_text(path->text);
    if (name == NULL)
        return -LINUX_ENOMEM;
    int error = make_node(task, name, &node);
    if (error == 0 && socket_has_datagrams(file))
        error = leave_stream(task, file, node, file->handles[SOCKET_OWN_END]);
    if (error != 0) {
        request_close_handle(node);
        memory_release(name);
        return error;
    }
    lock_acquire(&file->lock);
    file->handles[SOCKET_NODE] = node;
    file->path = name;
    lock_release(&file->lock);
    return 0;
}

int64_t linux_bind(struct task *task, const struct bind_arguments *arguments)
{
    const struct named_call call = {arguments->fd, arguments->address, arguments->length, bind_to};
    return call_with_name(task, &call);
}

static int begin_to_listen(struct task *task, struct file *file)
{
    struct stream_handles queue;
    int64_t result = native_stream_create(library.account, QUEUE_CAPACITY, STREAM_MESSAGES, &queue);

    if (result < 0)
        return request_error(result);
    int error = leave_stream(task, file, file->handles[SOCKET_NODE], queue.write_end);
    if (error != 0) {
        request_close_handle(queue.read_end);
        request_close_handle(queue.write_end);
        return error;
    }
    lock_acquire(&file->lock);
    file->handles[STREAM_READ_END] = queue.read_end;
    file->handles[STREAM_WRITE_END] = queue.write_end;
    file->node = file_object_id(queue.read_end);
    file->extra[SOCKET_TYPE_UID] ^= SOCKET_NEW | SOCKET_LISTENING;
    lock_release(&file->lock);
    return 0;
}

/* The backlog is a hint: how many wait is up to QUEUE_CAPACITY. */
int64_t linux_listen(struct task *task, const struct listen_arguments *arguments)
{
    struct file *file;

    int64_t result = socket_get(task, arguments->fd, &file);
    if (result != 0)
        return result;
    if (socket_has_datagrams(file))
        result = -LINUX_EOPNOTSUPP;
    else if (socket_state(file) == SOCKET_NEW && file->handles[SOCKET_NODE] != HANDLE_NONE)
        result = begin_to_listen(task, file);
    else if (socket_state(file) != SOCKET_LISTENING)
        result = -LINUX_EINVAL;
    file_put(file);
    return result;
}

/* As CONNECT's reply has it. */
static struct socket_peer peer_of(const struct message *reply)
{
    return (struct socket_peer){(uint32_t)reply->words[0], (uint32_t)reply->words[1],
                                (uint32_t)reply->words[2]};
}

/* Offer the other side its ends of the streams; -EAGAIN comes with a handle to wait for. */
static int offer(struct task *task, const struct file *file, handle_t node,
                 struct socket_side *side)
{
    struct stream_handles there, back;
    struct message message;

    int error = socket_create_streams(side->type, &there, &back);
    if (error != 0)
        return error;
    message_begin(&message, FS_CONNECT);
    message.words[0] = socket_type(file);
    message_add_handle(&message, task->frame, there.read_end, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    message_add_handle(&message, task->frame, back.write_end, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    error = request(task, node, &message);
    side->in = back.read_end;
    side->out = there.write_end;
    side->peer = peer_of(&message);
    if (error == 0)
        return 0;
    request_close_handle(side->in);
    request_close_handle(side->out);
    return error;
}

static int offer_until_taken(struct task *task, const struct file *file, handle_t node,
                             struct socket_side *side)
{
    for (;;) {
        int error = offer(task, file, node, side);
        if (error != -LINUX_EAGAIN)
            return error;
        handle_t queue = task->frame->handles[0].handle;
        int64_t fired = -LINUX_EAGAIN;
        if (file_waits(file))
            fired = wait_for(task, queue, SIGNAL_WRITABLE | SIGNAL_CLOSED_READ, DEADLINE_NEVER);
        request_close_handle(queue);
        if (fired < 0)
            return (int)fired;
    }
}

static int check_connect(const struct file *file, const struct path *path)
{
    if (socket_state(file) == SOCKET_LISTENING)
        return -LINUX_EINVAL;
    if (socket_state(file) != SOCKET_NEW && !socket_has_datagrams(file))
        return -LINUX_EISCONN;
    return path->length == 0 ? -LINUX_ECONNREFUSED : 0;
}

/* The stream of a socket for datagrams; nothing is agreed with its reader. */
static int find_inbox(struct task *task, const struct file *file, handle_t node,
                      struct socket_side *side)
{
    struct message message;

    message_begin(&message, FS_CONNECT);
    message.words[0] = socket_type(file);
    int error = request(task, node, &message);
    if (error != 0)
        return error;
    side->in = file->handles[STREAM_READ_END];
    side->out = task->frame->handles[0].handle;
    side->peer = peer_of(&message);
    if ((file_signals(side->out) & SIGNAL_CLOSED_READ) == 0)
        return 0;
    request_close_handle(side->out);
    return -LINUX_ECONNREFUSED;
}

static int join(struct task *task, const struct file *file, struct path *path,
                struct socket_side *side)
{
    handle_t node;

    int error = open_node(task, path, 0, &node);
    if (error != 0)
        return error;
    error = socket_has_datagrams(file) ? find_inbox(task, file, node, side)
                                       : offer_until_taken(task, file, node, side);
    request_close_handle(node);
    return error;
}

int socket_find_destination(struct task *task, const struct file *file,
                            const struct socket_address *address, handle_t *destination)
{
    struct socket_side side = {.type = socket_type(file)};
    struct path path;

    if (!socket_has_datagrams(file))
        return socket_state(file) == 0 ? -LINUX_EISCONN : -LINUX_EOPNOTSUPP;
    int error = take_address(address->at, address->length, &path);
    if (error == 0 && path.length == 0)
        error = -LINUX_ECONNREFUSED;
    if (error == 0)
        error = join(task, file, &path, &side);
    if (error == 0)
        *destination = side.out;
    return error;
}

static int connect_to(struct task *task, struct file *file, struct path *path)
{
    struct socket_side side = {.type = socket_type(file)};
    handle_t old = file->handles[STREAM_WRITE_END];

    int error = check_connect(file, path);
    if (error != 0)
        return error;
    char *name = memory_copy_text(path->text);
    error = name == NULL ? -LINUX_ENOMEM : join(task, file, path, &side);
    if (error == 0) {
        socket_set_side(file, &side);
        request_close_handle(old);
        if (file->path == NULL) {
            file->path = name;
            file->extra[SOCKET_TYPE_UID] |= SOCKET_NAME_OF_PEER;
            return 0;
        }
    }
    memory_release(name);
    return error;
}

int64_t linux_connect(struct task *task, const struct connect_arguments *arguments)
{
    const struct named_call call = {arguments->fd, arguments->address, arguments->length,
                                    connect_to};
    return call_with_name(task, &call);
}

static bool is_stream(handle_t handle)
{
    struct handle_information information;
    return native_handle_inspect(handle, &information) >= 0 && information.type == OBJECT_STREAM;
}

/* The next connection; one that is not made of streams is not one. */
static int64_t take_connection(struct task *task, handle_t queue, struct socket_side *side)
{
    struct fs_connection who;

    task->frame->handle_count = 0;
    int64_t length = native_stream_read(queue, &who, sizeof(who), STREAM_HANDLES);
    if (length < 0)
        return request_error(length);
    uint64_t count = task->frame->handle_count;
    side->in = count > 0 ? task->frame->handles[0].handle : HANDLE_NONE;
    side->out = count > 1 ? task->frame->handles[1].handle : HANDLE_NONE;
    side->peer = (struct socket_peer){who.pid, who.uid, who.gid};
    if (length == (int64_t)sizeof(who) && is_stream(side->in) && is_stream(side->out))
        return 0;
    request_close_handle(side->in);
    request_close_handle(side->out);
    return -LINUX_ECONNABORTED;
}

static int64_t wait_for_connection(struct task *task, const struct file *file,
                                   struct socket_side *side)
{
    handle_t queue = file->handles[STREAM_READ_END];

    for (;;) {
        int64_t result = take_connection(task, queue, side);
        if (result != -LINUX_EAGAIN || !file_waits(file))
            return result;
        result = wait_for(task, queue, SIGNAL_READABLE, DEADLINE_NEVER);
        if (result < 0)
            return result;
    }
}

static int64_t accept_from(struct task *task, const struct file *file,
                           const struct accept4_arguments *arguments)
{
    struct socket_side side = {.type = socket_type(file) | (uint32_t)arguments->flags};

    if (socket_state(file) != SOCKET_LISTENING || file->handles[STREAM_READ_END] == HANDLE_NONE)
        return -LINUX_EINVAL;
    int64_t result = wait_for_connection(task, file, &side);
    if (result != 0)
        return result;
    const struct file_install install = {socket_create_side(&side), 0,
                                         (arguments->flags & LINUX_O_CLOEXEC) != 0};
    if (install.file == NULL)
        return -LINUX_ENOMEM;
    install.file->path = file->path == NULL ? NULL : memory_copy_text(file->path);
    result = give_address(NULL, arguments->address, arguments->length);
    if (result == 0)
        return file_install(task, &install);
    file_put(install.file);
    return result;
}

int64_t linux_accept4(struct task *task, const struct accept4_arguments *arguments)
{
    struct file *file;

    if ((arguments->flags & ~(uint64_t)(LINUX_O_NONBLOCK | LINUX_O_CLOEXEC)) != 0)
        return -LINUX_EINVAL;
    int64_t result = socket_get(task, arguments->fd, &file);
    if (result != 0)
        return result;
    result = accept_from(task, file, arguments);
    file_put(file);
    return result;
}

int64_t linux_accept(struct task *task, const struct accept_arguments *arguments)
{
    const struct accept4_arguments with_flags = {
        .fd = arguments->fd, .address = arguments->address, .length = arguments->length};
    return linux_accept4(task, &with_flags);
}

/* `path` is the name of the socket itself or of its peer. */
static int64_t give_name(const struct file *file, bool peer, uint64_t address, uint64_t length)
{
    bool of_peer = (file->extra[SOCKET_TYPE_UID] & SOCKET_NAME_OF_PEER) != 0;

    if (peer && socket_state(file) != 0)
        return -LINUX_ENOTCONN;
    return give_address(of_peer == peer ? file->path : NULL, address, length);
}

int64_t linux_getsockname(struct task *task, const struct getsockname_arguments *arguments)
{
    struct file *file;

    int64_t result = socket_get(task, arguments->fd, &file);
    if (result != 0)
        return result;
    result = give_name(file, false, arguments->address, arguments->length);
    file_put(file);
    return result;
}

int64_t linux_getpeername(struct task *task, const struct getpeername_arguments *arguments)
{
    struct file *file;

    int64_t result = socket_get(task, arguments->fd, &file);
    if (result != 0)
        return result;
    result = give_name(file, true, arguments->address, arguments->length);
    file_put(file);
    return result;
}
