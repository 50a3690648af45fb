/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Turning the machine off and starting it again. */
#pragma once

#include <stdint.h>

#include <trellis/boot_info.h>
#include <trellis/object.h>

/* `power`: enum device_power. Returns only when it did not work: an enum status. */
uint32_t power_set(handle_t ports, const struct boot_info *boot, uint64_t power);
