/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What files hold: memory objects, the streams of FIFOs and sockets. The only part of
 * tmpfs, beside main.c and the replies of request.c, that makes native calls;
 * the unit tests put another one in its place.
 */
#pragma once

#include <stdint.h>

#include <protocols/fs.h>
#include <trellis/object.h>

struct fifo_content {
    handle_t read_end, write_end; /* do not count as reader and writer */
    handle_t event;
};

/* The pages an account holds and may hold; none and none if it cannot be asked. */
struct content_pages {
    uint64_t used, limit;
};
struct content_pages content_pages(handle_t account);

/* Each gives 0 or ENOSPC; what is made is charged to `account`. `tag` names the memory object to those who map it. */
fs_error_t content_create_memory(handle_t account, uint64_t tag, handle_t *memory);
fs_error_t content_resize(handle_t memory, uint64_t size);
/* Within the size. */
fs_error_t content_store(handle_t memory, uint64_t offset, const void *bytes, uint64_t length);
uint64_t content_load(handle_t memory, uint64_t offset, void *bytes, uint64_t length);
/* How many pages are there; of HANDLE_NONE none. */
uint64_t content_resident_pages(handle_t memory);
/* Give back the pages of a range inside the object; it reads as zero. */
void content_discard(handle_t memory, uint64_t offset, uint64_t length);
fs_error_t content_create_fifo(handle_t account, struct fifo_content *fifo);
/* For who was refused a lock; the system pays. */
fs_error_t content_create_event(handle_t *event);
/* Which sides of it clients hold: FS_FIFO_ bits. */
uint32_t content_fifo_sides(const struct fifo_content *fifo);
void content_signal(handle_t event, uint32_t clear, uint32_t set);
/*
 * Put a message with the two handles that this thread received last into a
 * stream. EAGAIN: it is full; ECONNREFUSED: nobody reads it any more; EINVAL: the
 * handles are not what they should be. They are the caller's unless it worked.
 */
fs_error_t content_offer(handle_t stream, const struct fs_connection *connection);
void content_release(handle_t handle);
/* Real time. */
void content_now(int64_t *seconds, uint32_t *nanoseconds);
