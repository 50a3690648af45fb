/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: what of Linux' files differs from other architectures.
 */
#pragma once

#include <stdint.h>

#define LINUX_O_DIRECT 040000u
#define LINUX_O_LARGEFILE 0100000u
#define LINUX_O_DIRECTORY 0200000u
#define LINUX_O_NOFOLLOW 0400000u

struct linux_stat {
    uint64_t device, node, links;
    uint32_t mode, uid, gid, padding;
    uint64_t rdev;
    int64_t size, block_size, blocks;
    uint64_t accessed_s, accessed_ns, modified_s, modified_ns, changed_s, changed_ns;
    int64_t unused[3];
};
_Static_assert(sizeof(struct linux_stat) == 144, "struct stat");

struct linux_epoll_event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));
