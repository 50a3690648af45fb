/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Linux' files as all architectures have them that are younger than its x86-64. */
#pragma once

#include <stdint.h>

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
