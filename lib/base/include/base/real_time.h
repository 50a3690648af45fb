/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Setting real time: for who holds the time page with RIGHT_WRITE. */
#pragma once

#include <stdint.h>

#include <trellis/structures.h>

/* 1970 is `-offset_ns` after boot. One caller at a time. Ends the service if the page is not its to write. */
void real_time_set(handle_t page, int64_t offset_ns);
