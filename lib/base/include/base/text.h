/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Bytes, strings, formatted text and numbers. The memory and string functions
 * are the C library's, with its contracts; the compiler calls the first four.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *left, const void *right, size_t size);
void *memchr(const void *bytes, int byte, size_t size);

size_t strlen(const char *string);
size_t strnlen(const char *string, size_t limit);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t limit);
char *strchr(const char *string, int character);
char *strrchr(const char *string, int character);

/*
 * Copy a string and its NUL into `size` bytes, cutting off what does not fit;
 * true if all of it did. `size` must not be 0.
 */
bool text_copy(char *to, size_t size, const char *from);

/*
 * As snprintf: writes at most `size` bytes with the NUL, returns the length the
 * whole text has. Conversions: %s %c %d %i %u %x %X %o %p %%, with length hh, h,
 * l, ll, z, j, t, a width or *, the flags - 0 + # and space, and a precision
 * (for %s: the most bytes read).
 */
size_t text_format(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t text_format_list(char *to, size_t size, const char *format, va_list arguments);

/*
 * The unsigned number at the start of [text, text + length): decimal, or
 * hexadecimal after 0x. Returns how many bytes it has; 0 if there is none or it
 * does not fit in 64 bits.
 */
size_t text_parse_number(const char *text, size_t length, uint64_t *number);
