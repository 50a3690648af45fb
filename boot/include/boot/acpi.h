/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The static ACPI tables that the kernel needs: MADT, FADT, SRAT and SLIT
 * (ACPI 6.5, section 5.2). The rest is for the device server, which reads them itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <trellis/boot_info.h>

/* `length` bytes of physical memory, or NULL where they cannot be read. */
typedef const void *acpi_view(uint64_t physical, size_t length);

/* Search an area for a root pointer with a good checksum; 0 if there is none. */
uint64_t acpi_find_root(acpi_view *view, uint64_t start, uint64_t end);

/*
 * Fill in CPUs, interrupt controllers, overrides and ports from the tables
 * below boot->acpi_root; nodes are told to nodes.h. False if the root is damaged; a damaged table is
 * passed over.
 */
bool acpi_read(struct boot_info *boot, acpi_view *view);
