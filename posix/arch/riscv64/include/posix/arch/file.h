/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: what of Linux' files differs from other architectures.
 */
#pragma once

#include <stdint.h>

#define LINUX_O_DIRECT 040000u
#define LINUX_O_LARGEFILE 0100000u
#define LINUX_O_DIRECTORY 0200000u
#define LINUX_O_NOFOLLOW 0400000u

struct linux_stat {
    uint64_t device, node;
    uint32_t mode, links, uid, gid;
    uint64_t rdev, padding;
    int64_t size;
    int32_t block_size, padding2;
    int64_t blocks;
    uint64_t accessed_s, accessed_ns, modified_s, modified_ns, changed_s, changed_ns;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct linux_stat) == 128, "struct stat");

struct linux_epoll_event {
    uint32_t events, padding;
    uint64_t data;
};
