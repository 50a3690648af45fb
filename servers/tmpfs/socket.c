/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Sockets with names. Who listens for connections leaves the write end of a stream here; who
 * connects gives two ends of streams of its own, which go into it together with
 * what this server knows of their owner. So neither side holds anything of the
 * other's but the connection, and neither can lie about itself. When the reader
 * of the stream is gone, writing to it says so: nothing has to be taken back.
 * A socket for datagrams has no connections: who may write to it gets the stream.
 */
#include "reply.h"

#include <base/errno.h>

#define DATAGRAM 2u /* SOCK_DGRAM */
#define WRITER_RIGHTS (RIGHT_WRITE | RIGHT_WAIT | RIGHT_INSPECT | RIGHT_COPY | RIGHT_MOVE)
#define MAY_WRITE 2

static const struct fs_credentials *credentials_of(const struct request *request)
{
    return &request->session->credentials->values;
}

static fs_error_t check_listen(const struct request *request)
{
    const struct node *node = request->session->node;
    uint32_t uid = credentials_of(request)->uid;

    if (request->handle_count != 1 || node_type(node) != TMPFS_SOCKET)
        return LINUX_EINVAL;
    if (uid != 0 && uid != node->vfs.uid)
        return LINUX_EPERM;
    return node->socket.queue == HANDLE_NONE ? 0 : LINUX_EINVAL;
}

fs_error_t serve_listen(struct request *request)
{
    struct node *node = request->session->node;
    const struct fs_credentials *credentials = credentials_of(request);
    fs_error_t error = check_listen(request);

    if (error != 0) {
        request_close_handles(request);
        return error;
    }
    node->socket.queue = request->frame->handles[0].handle;
    node->socket.type = (uint32_t)request->words[0];
    node->socket.pid = request->pid;
    node->socket.uid = credentials->uid;
    node->socket.gid = credentials->gid;
    return 0;
}

static fs_error_t check_connect(const struct request *request)
{
    const struct node *node = request->session->node;

    if (request->handle_count != (request->words[0] == DATAGRAM ? 0 : 2))
        return LINUX_EINVAL;
    if (node_type(node) != TMPFS_SOCKET)
        return LINUX_ECONNREFUSED;
    fs_error_t error = vfs_permit(&node->vfs, credentials_of(request), MAY_WRITE);
    if (error != 0)
        return error;
    if (node->socket.queue == HANDLE_NONE)
        return LINUX_ECONNREFUSED;
    return node->socket.type == request->words[0] ? 0 : LINUX_EPROTOTYPE;
}

static fs_error_t offer(struct request *request)
{
    struct node *node = request->session->node;
    const struct fs_credentials *credentials = credentials_of(request);
    const struct fs_connection connection = {
        .pid = request->pid, .uid = credentials->uid, .gid = credentials->gid};

    fs_error_t error = content_offer(node->socket.queue, &connection);
    if (error != LINUX_ECONNREFUSED)
        return error;
    content_release(node->socket.queue);
    node->socket.queue = HANDLE_NONE;
    return error;
}

fs_error_t serve_connect(struct request *request)
{
    const struct node *node = request->session->node;
    fs_error_t error = check_connect(request);

    if (error == 0 && request->words[0] == DATAGRAM)
        reply_put_handle(request, node->socket.queue, WRITER_RIGHTS, 0);
    else if (error == 0)
        error = offer(request);
    if (error != 0)
        request_close_handles(request);
    if (error == LINUX_EAGAIN)
        reply_put_handle(request, node->socket.queue, RIGHT_WAIT | RIGHT_INSPECT, 0);
    if (error != 0)
        return error;
    request->reply[0] = node->socket.pid;
    request->reply[1] = node->socket.uid;
    request->reply[2] = node->socket.gid;
    return 0;
}
