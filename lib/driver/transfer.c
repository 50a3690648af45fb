/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A note names one transfer and holds both counters as they were before it: the
 * ring's own, which moves last, and the kernel's, or how many bytes went through a
 * register in memory. A kill leaves all stores up to some instruction, so only the
 * compiler's order matters.
 */
#include <driver/transfer.h>

#include <base/text.h>

#include "access.h"

enum { NONE = 0, TRANSMIT = 1, RECEIVE = 2 };

struct note {
    _Atomic uint32_t kind; /* stored last: the rest is valid */
    uint32_t counter;      /* the ring's `taken` or `sent` before */
    uint32_t count;
    _Atomic uint32_t done; /* bytes moved, of registers in memory */
    uint64_t moved;        /* by the ports before */
    uint8_t bytes[DRIVER_TRANSFER_MAX];
};

_Static_assert(sizeof(struct note) <= RING_NOTE, "the note fits in the ring's side");

static struct note *note_of(const struct driver *driver)
{
    return (struct note *)driver->ring.mine->note;
}

static uint64_t moved(const struct driver_registers *registers, uint32_t kind)
{
    return kind == TRANSMIT ? registers->written : registers->read;
}

static uint32_t counter(const struct ring *ring, uint32_t kind)
{
    return atomic_load(kind == TRANSMIT ? &ring->mine->taken : &ring->mine->sent);
}

static void begin(struct driver *driver, uint32_t kind, uint32_t count)
{
    struct note *note = note_of(driver);
    note->counter = counter(&driver->ring, kind);
    note->count = count;
    note->moved = moved(&driver->registers, kind);
    atomic_store_explicit(&note->done, 0, memory_order_release);
    atomic_store_explicit(&note->kind, kind, memory_order_release);
}

static void move(struct driver *driver, uint32_t kind, uint32_t offset, uint32_t count)
{
    struct driver_registers *registers = &driver->registers;
    struct note *note = note_of(driver);
    if (registers->kind == START_REGISTERS_PORTS) {
        if (kind == TRANSMIT)
            driver_write_bytes(registers, offset, note->bytes, count);
        else
            driver_read_bytes(registers, offset, note->bytes, count);
        return;
    }
    for (uint32_t at = 0; at < count; at++) {
        if (kind == TRANSMIT)
            driver_access_write(registers->bytes + offset, note->bytes[at], &note->done, at + 1);
        else
            driver_access_read(registers->bytes + offset, note->bytes + at, &note->done, at + 1);
    }
}

/* The ring's part, unless it is done already. */
static void settle(struct driver *driver, uint32_t kind, uint32_t count)
{
    struct note *note = note_of(driver);
    if (counter(&driver->ring, kind) != note->counter)
        return;
    if (kind == TRANSMIT)
        ring_take(&driver->ring, count);
    else
        ring_send(&driver->ring, note->bytes, count);
}

static void transfer(struct driver *driver, uint32_t kind, uint32_t offset, uint32_t count)
{
    begin(driver, kind, count);
    move(driver, kind, offset, count);
    settle(driver, kind, count);
    atomic_store_explicit(&note_of(driver)->kind, NONE, memory_order_release);
}

uint32_t driver_transmit(struct driver *driver, uint32_t offset, uint32_t most)
{
    uint32_t size = most < DRIVER_TRANSFER_MAX ? most : DRIVER_TRANSFER_MAX;
    uint32_t count = ring_peek(&driver->ring, note_of(driver)->bytes, size);
    if (count > 0)
        transfer(driver, TRANSMIT, offset, count);
    return count;
}

void driver_receive(struct driver *driver, uint32_t offset, uint32_t count)
{
    transfer(driver, RECEIVE, offset, count);
}

/* Bytes that a predecessor moved, the one too that it had not counted yet. */
static uint32_t done_before(struct driver *driver, const struct frame_registers *predecessor)
{
    struct note *note = note_of(driver);
    uint32_t done = atomic_load(&note->done);
    if (driver->registers.kind == START_REGISTERS_PORTS)
        return (uint32_t)(moved(&driver->registers, note->kind) - note->moved);
    if (predecessor->pc == (uint64_t)driver_access_loaded && done < note->count)
        note->bytes[done] = driver_access_byte(predecessor);
    return done + (predecessor->pc == (uint64_t)driver_access_written ||
                   predecessor->pc == (uint64_t)driver_access_loaded ||
                   predecessor->pc == (uint64_t)driver_access_kept);
}

void driver_finish_transfer(struct driver *driver, const struct frame_registers *predecessor)
{
    struct note *note = note_of(driver);
    uint32_t kind = atomic_load(&note->kind);
    if (kind != NONE) {
        uint32_t done = done_before(driver, predecessor);
        settle(driver, kind, done < note->count ? done : note->count);
    }
    atomic_store_explicit(&note->kind, NONE, memory_order_release);
    ring_notify(&driver->ring, RING_DATA | RING_ROOM);
}
