/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Of the C library, with its contracts, what libfdt needs and the kernel does not. */
#pragma once

#include <stddef.h>

void *memchr(const void *bytes, int byte, size_t size);
char *strrchr(const char *string, int character);
size_t strnlen(const char *string, size_t limit);
