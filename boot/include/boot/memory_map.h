/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The memory ranges of boot_info: kept sorted and without overlap while the
 * loader's ranges come in any order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <trellis/boot_info.h>

/*
 * Say that [start, end) is of `kind`, replacing whatever was said before about
 * any part of it. Bounds are rounded to pages: inwards for free memory,
 * outwards for the rest. False if the table is full (nothing has changed).
 */
bool memory_map_set(struct boot_info *boot, uint64_t start, uint64_t end, uint32_t kind);

/* The range that holds `address`, or NULL. */
const struct boot_memory *memory_map_find(const struct boot_info *boot, uint64_t address);
