/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The first process, as boot/ found it in the archive and as the kernel starts it. */
#pragma once

#include <stdint.h>
#include <trellis/boot_info.h>

struct init_segment {
    uint64_t address;     /* page aligned */
    uint64_t size;        /* in memory, whole pages */
    uint64_t page_offset; /* where the bytes go, from `address` on */
    const void *bytes;
    uint64_t byte_count;
    uint32_t flags; /* enum map_flag */
};

#define INIT_SEGMENTS 16

struct init_image {
    uint64_t entry;
    uint32_t count; /* 0: there is none */
    struct init_segment segments[INIT_SEGMENTS];
};

/*
 * Make a process of the image and start it with a handle to everything (struct
 * init_handles). Its end stops the machine. Panics if that cannot be done.
 */
void init_start(const struct boot_info *boot, const struct init_image *image);
