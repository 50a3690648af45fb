/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Of the C library, what libfdt uses; whoever links it has the functions. */
#pragma once

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *left, const void *right, size_t size);
void *memchr(const void *bytes, int byte, size_t size);
size_t strlen(const char *string);
size_t strnlen(const char *string, size_t limit);
char *strrchr(const char *string, int character);
