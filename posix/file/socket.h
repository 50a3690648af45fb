/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Sockets: pairs of AF_UNIX.
 */
#pragma once

#include <posix/linux/socket.h>

#include "stream.h"

/* extra of a POSIX_FILE_SOCKET: type and the peer's uid, its pid and gid, high halves the ids */
enum { SOCKET_TYPE_UID = 0, SOCKET_PID_GID = 1 };

static inline uint32_t socket_type(const struct file *file)
{
    return (uint32_t)file->extra[SOCKET_TYPE_UID];
}

static inline bool socket_has_messages(const struct file *file)
{
    return socket_type(file) != LINUX_SOCK_STREAM;
}

/* One send or receive. */
struct socket_transfer {
    struct transfer transfer;
    uint32_t flags;             /* LINUX_MSG_* */
    struct passed_files *files; /* go along, or arrived; NULL: none, what arrives is closed */
    size_t message_length;      /* out: of the message received, though it was cut */
};

int64_t socket_send(struct task *task, const struct file *file, struct socket_transfer *send);
int64_t socket_receive(struct task *task, const struct file *file, struct socket_transfer *receive);
/* The file of a descriptor: 0, -EBADF, -ENOTSOCK. */
int socket_get(struct task *task, int fd, struct file **file);
