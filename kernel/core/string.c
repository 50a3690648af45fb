/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What is not on any hot path; memcpy and memset are the architecture's. */
#include <kernel/string.h>

#include <stdint.h>

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != 0)
        length++;
    return length;
}

void *memmove(void *to, const void *from, size_t length)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    if ((uintptr_t)to - (uintptr_t)from >= length)
        return memcpy(to, from, length);
    while (length-- > 0)
        target[length] = source[length];
    return to;
}

int memcmp(const void *left, const void *right, size_t length)
{
    const uint8_t *a = left, *b = right;
    for (size_t i = 0; i < length; i++)
        if (a[i] != b[i])
            return a[i] - b[i];
    return 0;
}
