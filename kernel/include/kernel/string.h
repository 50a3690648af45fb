/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Bytes. The compiler calls the first four of its own accord too. */
#pragma once

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
int memcmp(const void *left, const void *right, size_t length);
size_t strlen(const char *text);
