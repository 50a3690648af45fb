/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* A boot archive for unit tests. */
#pragma once

#include <stddef.h>

#define FAKE_ARCHIVE_SIZE 16384

/* With a small program, two segments, under each of these names; how long it is. */
size_t fake_archive(void *archive, const char *const *names, size_t count);
