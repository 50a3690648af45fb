/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Rings: bytes both ways between two processes that share memory.
 *
 * Each process owns one side: a memory object that it alone may write and the
 * other may only read, and an event that it waits on. A side holds the bytes
 * its owner sends and two counters: how many it ever sent, and how many it ever
 * took of the other's. So a side is written by one process only, and all state
 * of the connection is in the two sides: an owner that dies is replaced by one
 * that opens the same side and goes on where the counters stand.
 *
 * Neither trusts the other: the other's counters are checked at every use
 * against the ring's capacity. Counters that cannot be true make the ring
 * broken: nothing can be sent or taken until the other side is mended.
 *
 * Nothing here waits. A process waits for its event's bits, clears them, then
 * looks: what the other does after the clearing raises them again.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <trellis/object.h>

#define RING_HEADER 4096 /* the counters' page; the bytes follow it */
#define RING_NOTE 128

/* Bits of a side's event, raised by the other side. */
#define RING_DATA (1u << 8) /* bytes were sent */
#define RING_ROOM (1u << 9) /* bytes were taken, or the other side has become idle */

/* A side as it lies in memory: written by its owner alone. Counters are modulo 2^32. */
struct ring_side {
    _Atomic uint32_t sent;
    _Atomic uint32_t taken; /* of the other side's bytes */
    _Atomic uint32_t idle;  /* not 0: what was taken has left the machine too (driver) */
    _Alignas(8) uint8_t note[RING_NOTE]; /* for its owner: what the next one must know */
};

/* One process' view of a connection. */
struct ring {
    struct ring_side *mine;
    const struct ring_side *theirs;
    uint32_t capacity; /* bytes of each side, a power of two */
    handle_t event;    /* mine: to wait on */
    handle_t peer;     /* the other side's event: to raise */
};

/* The size of a side's memory object for a capacity. */
static inline uint64_t ring_side_size(uint32_t capacity)
{
    return RING_HEADER + (uint64_t)capacity;
}

/* Over two mapped sides of ring_side_size(capacity) bytes. They begin as zeroes. */
void ring_init(struct ring *ring, void *mine, const void *theirs, uint32_t capacity);

/*
 * Map the sides that the start block has as NAME.mine and NAME.theirs and take
 * the events NAME.event and NAME.peer. The service fails if one is missing. The
 * other side is notified: a predecessor may have died between an act and its notice
 * (tests/model/ring.pml).
 */
void ring_open(struct ring *ring, const char *name);

/* Bytes that can be sent now; 0 if the ring is broken. */
uint32_t ring_room(const struct ring *ring);
/* Send up to `size` bytes; returns how many were. Does not raise the event. */
uint32_t ring_send(struct ring *ring, const void *bytes, uint32_t size);

/* Bytes that can be taken now; 0 if the ring is broken. */
uint32_t ring_waiting(const struct ring *ring);
/* Copy up to `size` of the waiting bytes without taking them; returns how many. */
uint32_t ring_peek(const struct ring *ring, void *bytes, uint32_t size);
/* Take bytes that have been peeked at: at most as many as wait. Does not raise the event. */
void ring_take(struct ring *ring, uint32_t size);

/* All that was sent has been taken. */
bool ring_is_drained(const struct ring *ring);
/* And has left the other side's machine as well, as far as it says. */
bool ring_is_idle(const struct ring *ring);
void ring_set_idle(struct ring *ring, bool idle);

/* The other side's counters cannot be true. */
bool ring_is_broken(const struct ring *ring);

/* Raise RING_DATA or RING_ROOM at the other side. */
void ring_notify(const struct ring *ring, uint32_t bits);
/* Lower the bits of the own event, before looking. */
void ring_clear(const struct ring *ring, uint32_t bits);
