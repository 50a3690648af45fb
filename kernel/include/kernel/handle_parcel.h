/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Handles on their way from one table to another.
 *
 * A parcel holds what a handle holds: references to object and derivation, and
 * it counts as a handle, so that what is on its way is reachable and a stream's
 * end on its way is open. Tokens are made only when it is unpacked. No locks
 * are held in any of these.
 */
#pragma once

#include <kernel/handle.h>
#include <trellis/message.h>

struct thread;

struct parcel {
    uint32_t count;
    struct handle_view handles[MESSAGE_HANDLES];
    handle_t moved[MESSAGE_HANDLES]; /* what the sender gives up, or 0 */
};

/* Pack `count` handles that the thread's frame names. INVALID: too many, an unknown flag, a
 * handle that is moved named twice; what resolving a handle may say. `parcel` is zeroed before. */
enum status parcel_pack(struct thread *self, uint64_t count, struct parcel *parcel) must_check;
/* It will arrive: the sender loses what it moved. */
void parcel_send(struct thread *self, const struct parcel *parcel);
/* Make handles for the thread. LIMIT and NO_MEMORY change nothing. */
enum status parcel_unpack(struct thread *self, const struct parcel *parcel,
                          struct message_handle made[MESSAGE_HANDLES]) must_check;
/* Take the first `count` of them back. */
void parcel_repack(struct thread *self, const struct message_handle *made, uint32_t count);
/* Let go of what is in it. */
void parcel_drop(struct parcel *parcel);
