/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A byte through a register in memory, and the count of it: instructions of which the
 * first is the access and the last counts it (arch/ARCHITECTURE/access.S). Whoever was
 * ended between two of them had its pc at one of the labels.
 */
#pragma once

#include <stdint.h>

#include <driver/arch/access.h>

/* *place = byte; *done = count */
void driver_access_write(volatile uint8_t *place, uint8_t byte, _Atomic uint32_t *done,
                         uint32_t count);
/* *byte = *place; *done = count */
void driver_access_read(volatile uint8_t *place, uint8_t *byte, _Atomic uint32_t *done,
                        uint32_t count);

/* Behind the access of the first; of the second, and there behind the store to *byte. */
extern const char driver_access_written[];
extern const char driver_access_loaded[], driver_access_kept[];
