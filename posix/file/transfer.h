/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Access to the memory of a transfer.
 */
#pragma once

#include <base/errno.h>
#include <base/ipc.h>
#include <base/text.h>
#include <posix/copy.h>
#include <posix/file.h>
#include <posix/wait.h>

static inline bool transfer_is_valid(const struct transfer *transfer)
{
    return transfer->internal || copy_range_valid(transfer->address, transfer->length);
}

/* Where the transfer is `at` bytes behind its beginning; for native calls only. */
static inline void *transfer_at(const struct transfer *transfer, size_t at)
{
    return (void *)(transfer->address + at);
}

/* Copy out, to `at` bytes behind the transfer's beginning. 0 or -EFAULT. */
static inline int transfer_put(const struct transfer *transfer, size_t at, const void *from,
                               size_t size)
{
    if (!transfer->internal)
        return copy_to_program(transfer->address + at, from, size);
    memcpy((char *)transfer->address + at, from, size);
    return 0;
}

static inline int transfer_take(const struct transfer *transfer, size_t at, void *to, size_t size)
{
    if (!transfer->internal)
        return copy_from_program(to, transfer->address + at, size);
    memcpy(to, (const char *)transfer->address + at, size);
    return 0;
}

/* As much of what is behind the first `at` bytes as a message holds, as its text. 0 or -EFAULT. */
static inline int transfer_take_text(const struct transfer *transfer, size_t at,
                                     struct frame *frame, struct message *message)
{
    size_t size = transfer->length - at;

    size = size < MESSAGE_TEXT_SIZE ? size : MESSAGE_TEXT_SIZE;
    message_set_text(message, size);
    return transfer_take(transfer, at, frame_text(frame), size);
}

/* What a transfer returns that moved `done` bytes before `error` (0: none) ended it. */
static inline int64_t transfer_result(size_t done, int64_t error)
{
    return done > 0 ? (int64_t)done : error;
}
