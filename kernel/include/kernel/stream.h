/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Streams: bounded queues of bytes or messages, with handles in them.
 *
 * Each write stays in one piece up to STREAM_ATOMIC bytes. Handles go with the
 * first byte of their write: a read takes at most one set of them and ends
 * before the next. A message longer than the reader's buffer is cut. When no
 * reader is left the handles in the stream are closed, when no writer is left
 * either, its bytes are gone.
 *
 * A stream that is on its way inside another cannot carry streams, and one that
 * carries streams cannot be sent (LIMIT): so streams never hold one another in
 * a circle that nobody can reach. A process that never ran can still close such
 * a circle, by a handle to itself in a stream of its own table; that stays
 * charged to the account of the stream.
 */
#pragma once

#include <kernel/handle.h>
#include <kernel/object.h>
#include <kernel/page.h>
#include <trellis/message.h>

#define STREAM_CAPACITY_MAX (UINT64_C(16) << 20)

struct thread;

/* Positions count bytes since the stream was last empty, headers of messages
 * included; the byte at a position is in page (position / PAGE_SIZE) % page_count. */
struct stream {
    struct object object;
    uint32_t flags;         /* enum stream_flag; constant */
    uint64_t capacity;      /* bytes that fit; constant */
    uint64_t page_count;    /* constant */
    struct page **pages;    /* constant array; its entries belong to who copies there, else object.lock */
    uint64_t start, end;    /* object.lock; what is there to be read */
    uint64_t first_absent;  /* object.lock; pages from that of `start` up to this number are there */
    uint64_t available;     /* object.lock; bytes, without headers */
    bool reading, writing;  /* object.lock; a copy is going on */
    uint32_t readers, writers; /* object.lock; handles */
    struct list parcels;    /* object.lock; handles on their way, by position */
    uint32_t carried;       /* carry lock (stream_parcel.c); how often it is itself in a parcel */
    uint32_t carries;       /* carry lock; how many streams are in its parcels */
};

/* Object operations (object.h). */
void stream_opened(struct object *object, uint32_t rights);
void stream_closed(struct object *object, uint32_t rights);
void stream_destroy(struct object *object);

/* The rest is shared by stream.c, stream_ring.c and stream_parcel.c only. */

/* The ring. Both copy without a lock; what they touch has been reserved by the
 * `reading` or `writing` mark. */
enum status stream_ring_copy_in(struct stream *stream, uint64_t position, uint64_t from,
                                uint64_t length) must_check;
enum status stream_ring_copy_out(const struct stream *stream, uint64_t position, uint64_t to,
                                 uint64_t length) must_check;
/* Kernel memory. */
void stream_ring_store(struct stream *stream, uint64_t position, const void *from, uint64_t length);
void stream_ring_load(const struct stream *stream, uint64_t position, void *to, uint64_t length);
/* Have the pages for so many bytes after the end. Locked. */
enum status stream_ring_reserve(struct stream *stream, uint64_t length) must_check;
/* Bytes before `start` are done with: give back pages, all but one of an empty stream. Locked. */
void stream_ring_trim(struct stream *stream, uint64_t start);
void stream_ring_free(struct stream *stream);

/* Handles on their way. */
struct parcel {
    struct list_node link;   /* object.lock of the stream */
    uint64_t position;       /* of the first byte of its write */
    struct account *account; /* charged; the slab holds the reference */
    uint32_t count;
    struct handle_view handles[MESSAGE_HANDLES]; /* references, and counted as handles */
};

/* A parcel before it is put in, and what the sender then gives up. */
struct parcel_outgoing {
    struct parcel *parcel; /* NULL: none */
    handle_t moved[MESSAGE_HANDLES];
};

/* Handles made of a parcel. */
struct parcel_incoming {
    uint32_t count;
    struct message_handle handles[MESSAGE_HANDLES];
};

/* Pack what the thread's frame names. INVALID; LIMIT for a stream that must not be
 * carried; NO_MEMORY; what resolving a handle may say. */
enum status parcel_pack(struct thread *self, struct stream *stream,
                        struct parcel_outgoing *outgoing) must_check;
/* It is in the stream: close what was moved. */
void parcel_sent(struct thread *self, const struct parcel_outgoing *outgoing);
/* Make handles for the thread. LIMIT and NO_MEMORY change nothing. */
enum status parcel_unpack(struct thread *self, const struct parcel *parcel,
                          struct parcel_incoming *incoming) must_check;
/* Take them back. */
void parcel_repack(struct thread *self, const struct parcel_incoming *incoming);
/* Tell the thread, in its frame. */
void parcel_received(struct thread *self, const struct parcel_incoming *incoming);
/* Close what is in it and free it; no locks held. */
void parcel_drop(struct stream *stream, struct parcel *parcel);
