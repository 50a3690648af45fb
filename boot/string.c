/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What libfdt needs of the C library and the kernel does not. */
#include <boot/string.h>

void *memchr(const void *bytes, int byte, size_t size)
{
    const unsigned char *at = bytes;
    for (; size > 0; size--, at++)
        if (*at == (unsigned char)byte)
            return (void *)at;
    return NULL;
}

char *strrchr(const char *string, int character)
{
    const char *found = NULL;
    do
        if (*string == (char)character)
            found = string;
    while (*string++ != 0);
    return (char *)found;
}

size_t strnlen(const char *string, size_t limit)
{
    const char *end = memchr(string, 0, limit);
    return end == NULL ? limit : (size_t)(end - string);
}
