/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether a character device is one of device.c's. */
bool device_is_known(uint64_t rdev);
