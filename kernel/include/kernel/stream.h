/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Streams: bounded queues of bytes or messages, with handles in them.
 *
 * A write of up to STREAM_ATOMIC bytes stays in one piece. Handles go with the
 * first byte of their write: a read takes at most one set of them and ends
 * before the next. A message longer than the reader's buffer is cut. When no
 * reader is left the handles in the stream are closed; when no writer is left
 * either, its bytes are gone.
 *
 * A stream that is on its way inside another cannot carry streams, and one that
 * carries streams cannot be sent (LIMIT): so streams never hold one another in
 * a circle that nobody can reach. A process that never ran can still close such
 * a circle, by a handle to itself in a stream of its own table; that stays
 * charged to the account of the stream.
 */
#pragma once

#include <kernel/object.h>
#include <kernel/stream_ring.h>

#define STREAM_CAPACITY_MAX (UINT64_C(16) << 20)

struct stream {
    struct object object;
    uint32_t flags;            /* enum stream_flag; constant */
    struct ring ring;          /* object.lock; `reserved` while a copy to the end is going on */
    bool reading;              /* object.lock; a copy from the start is going on */
    uint32_t readers, writers; /* object.lock; handles */
    uint64_t read, written;    /* object.lock; bytes or messages, ever */
    struct list enclosed;      /* object.lock; handles on their way, by position */
    uint32_t carried;          /* carry lock (stream.c); how often it is itself enclosed in one */
    uint32_t carries;          /* carry lock; how many streams are enclosed in it */
};

/* Object operations (object.h). */
void stream_opened(struct object *object, uint32_t rights);
void stream_closed(struct object *object, uint32_t rights);
void stream_destroy(struct object *object);
