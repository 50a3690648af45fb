/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Sockets of AF_UNIX: what they share.
 */
#pragma once

#include <posix/linux/socket.h>
#include <trellis/structures.h>

#include "stream.h"

/* extra of a POSIX_FILE_SOCKET: type and the peer's uid, its pid and gid, high halves the ids */
enum { SOCKET_TYPE_UID = 0, SOCKET_PID_GID = 1 };
/* With the type: what has become of it, if it is not connected; whose name `path` is. */
#define SOCKET_NEW 0x100u
#define SOCKET_LISTENING 0x200u
#define SOCKET_NAME_OF_PEER 0x400u

/* handles beside the two streams: a datagram's way to the socket itself, the node of its name */
enum { SOCKET_OWN_END = 2, SOCKET_NODE = 3 };

static inline uint32_t socket_type(const struct file *file)
{
    return (uint32_t)file->extra[SOCKET_TYPE_UID] & LINUX_SOCK_TYPE_MASK;
}

/* SOCKET_NEW, SOCKET_LISTENING, or 0: connected, or it has been. */
static inline uint32_t socket_state(const struct file *file)
{
    return (uint32_t)file->extra[SOCKET_TYPE_UID] & (SOCKET_NEW | SOCKET_LISTENING);
}

static inline bool socket_has_messages(const struct file *file)
{
    return socket_type(file) != LINUX_SOCK_STREAM;
}

static inline bool socket_has_datagrams(const struct file *file)
{
    return socket_type(file) == LINUX_SOCK_DGRAM;
}

/* One send or receive. */
struct socket_transfer {
    struct transfer transfer;
    handle_t destination;       /* the stream to send to; HANDLE_NONE: the peer's */
    uint32_t flags;             /* LINUX_MSG_* */
    struct passed_files *files; /* go along, or arrived; NULL: none, what arrives is closed */
    size_t message_length;      /* out: of the message received, though it was cut */
};

int64_t socket_send(struct task *task, const struct file *file, struct socket_transfer *send);
int64_t socket_receive(struct task *task, const struct file *file, struct socket_transfer *receive);
/* The file of a descriptor: 0, -EBADF, -ENOTSOCK. */
int socket_get(struct task *task, int fd, struct file **file);

/* An address as a call has it; `at` 0: none. */
struct socket_address {
    uint64_t at;
    uint32_t length;
};

/* Who is at the other end. */
struct socket_peer {
    uint32_t pid, uid, gid;
};

/* What a connected socket reads and writes; the handles are used up also on failure. */
struct socket_side {
    handle_t in, out;
    uint32_t type; /* with SOCK_NONBLOCK, if so */
    struct socket_peer peer;
};
/* NULL: no memory. */
struct file *socket_create_side(const struct socket_side *side);
/* Make a new socket a connected one. */
void socket_set_side(struct file *file, const struct socket_side *side);
/* Where a datagram to an address goes: a handle to be closed. 0 or a negated errno. */
int socket_find_destination(struct task *task, const struct file *file,
                            const struct socket_address *address, handle_t *destination);
/* Two streams, one for each direction, by the type of socket. 0 or a negated errno. */
int socket_create_streams(uint32_t type, struct stream_handles *there, struct stream_handles *back);
