/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Bytes between a driver's ring and its device, each exactly once although the
 * driver may be killed at any moment: the next instance learns from a note in
 * the ring what the last one was doing, and whether that took place from the
 * kernel's count of bytes moved through its ports. Registers in memory are counted by
 * the driver itself; that the access was the last thing it did is told by its registers
 * (the start block's `predecessor`), unless the next instance ends before it has looked.
 */
#pragma once

#include <driver/driver.h>

#define DRIVER_TRANSFER_MAX 64

/* Write up to `most` of the bytes that wait in the ring to a register; how many. */
uint32_t driver_transmit(struct driver *driver, uint32_t offset, uint32_t most);

/* Read bytes from a register and send them: no more than DRIVER_TRANSFER_MAX and the ring's room. */
void driver_receive(struct driver *driver, uint32_t offset, uint32_t count);

/*
 * Once at the start: complete what a predecessor, whose registers these are, was doing.
 * The ring's other side is woken.
 */
void driver_finish_transfer(struct driver *driver, const struct frame_registers *predecessor);
