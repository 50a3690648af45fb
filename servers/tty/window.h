/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The window (protocols/console.h): standard input that the host writes into the
 * boot archive's memory. The host may write it at any time, so its bytes are only
 * copied, never believed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <protocols/console.h>

/* Where it is; size 0: there is none. */
struct window {
    const uint8_t *bytes;
    uint32_t size;
};

/* Find the window in the mapped archive; what to tell the host, all zero if there is none. */
struct console_window window_open(struct window *window, const void *archive, size_t archive_size,
                                  uint64_t archive_address);
/* Of `count` bytes that are there, from number `first` on, the ones that lie together. */
uint32_t window_peek(const struct window *window, uint32_t first, uint32_t count,
                     const uint8_t **bytes);
