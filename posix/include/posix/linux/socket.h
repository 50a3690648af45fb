/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Linux' sockets (asm-generic values).
 */
#pragma once

#include <stdint.h>

#define LINUX_AF_UNIX 1

#define LINUX_SOCK_STREAM 1u
#define LINUX_SOCK_DGRAM 2u
#define LINUX_SOCK_SEQPACKET 5u
#define LINUX_SOCK_TYPE_MASK 0xfu /* NONBLOCK and CLOEXEC are those of open */

#define LINUX_MSG_PEEK 0x2u
#define LINUX_MSG_CTRUNC 0x8u
#define LINUX_MSG_TRUNC 0x20u
#define LINUX_MSG_DONTWAIT 0x40u
#define LINUX_MSG_EOR 0x80u
#define LINUX_MSG_WAITALL 0x100u
#define LINUX_MSG_NOSIGNAL 0x4000u
#define LINUX_MSG_MORE 0x8000u
#define LINUX_MSG_CMSG_CLOEXEC 0x40000000u

#define LINUX_SOL_SOCKET 1
#define LINUX_SO_REUSEADDR 2
#define LINUX_SO_TYPE 3
#define LINUX_SO_ERROR 4
#define LINUX_SO_SNDBUF 7
#define LINUX_SO_RCVBUF 8
#define LINUX_SO_PEERCRED 17
#define LINUX_SO_ACCEPTCONN 30
#define LINUX_SO_PROTOCOL 38
#define LINUX_SO_DOMAIN 39

#define LINUX_SCM_RIGHTS 1
#define LINUX_SCM_CREDENTIALS 2

#define LINUX_SHUT_RD 0
#define LINUX_SHUT_WR 1
#define LINUX_SHUT_RDWR 2

struct linux_sockaddr_un {
    uint16_t family;
    char path[108]; /* with a NUL only if there is room; begins with one: an abstract name */
};

struct linux_msghdr {
    uint64_t name;
    uint32_t name_length, unused;
    uint64_t vectors, vector_count;
    uint64_t control, control_length;
    uint32_t flags, unused_too;
};

struct linux_cmsghdr {
    uint64_t length; /* with this header */
    int32_t level, type;
};

struct linux_ucred {
    int32_t pid;
    uint32_t uid, gid;
};
