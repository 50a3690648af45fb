/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The library's own heap, shared by its tasks.
 */
#pragma once

#include <stddef.h>

/* NULL if there is no memory. */
void *memory_allocate(size_t size);
void *memory_allocate_zeroed(size_t count, size_t size);
void *memory_resize(void *piece, size_t size);
/* A copy of a string. */
char *memory_copy_text(const char *text);
/* NULL is harmless. */
void memory_release(void *piece);
