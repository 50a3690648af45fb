/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the library itself maps at fixed places, beside those of posix_start.h.
 */
#pragma once

#include <protocols/posix_start.h>

#define LIBRARY_TIME_ADDRESS (USER_LIBRARY + 0x1020000) /* struct time_page */
