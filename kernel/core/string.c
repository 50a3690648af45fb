/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The others are the architecture's (copy.S). */
#include <kernel/string.h>

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != 0)
        length++;
    return length;
}
