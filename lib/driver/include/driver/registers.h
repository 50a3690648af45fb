/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A device's registers, whichever way the machine reaches them: offsets are
 * from the device's first register.
 */
#pragma once

#include <stdint.h>

#include <protocols/start.h>

struct driver_registers {
    handle_t handle;
    uint32_t kind;           /* enum start_registers_kind */
    uint32_t first;          /* of ports: the number of the first */
    volatile uint8_t *bytes; /* of memory: where it is mapped */
    uint64_t read, written;  /* of ports: bytes ever, by former instances too */
};

/* Of the service's own device; the service fails if it was given none. */
void driver_open_registers(struct driver_registers *registers, const struct start_block *start);

uint8_t driver_read8(struct driver_registers *registers, uint32_t offset);
void driver_write8(struct driver_registers *registers, uint32_t offset, uint8_t value);

/* Registers in memory that are four bytes wide. */
uint32_t driver_read32(const struct driver_registers *registers, uint32_t offset);
void driver_write32(const struct driver_registers *registers, uint32_t offset, uint32_t value);

/* `count` bytes, at most 256, from or to one register. */
void driver_read_bytes(struct driver_registers *registers, uint32_t offset, uint8_t *bytes,
                       uint32_t count);
void driver_write_bytes(struct driver_registers *registers, uint32_t offset, const uint8_t *bytes,
                        uint32_t count);
