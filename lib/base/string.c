/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The memory and string functions of the C library, for programs without one.
 * Copies go eight bytes at a time: the machines of interest allow unaligned
 * access, and vector registers are not ours to use.
 */
#include <base/text.h>

typedef uint64_t __attribute__((aligned(1), may_alias)) word_t;

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
        *(word_t *)out = *(const word_t *)in;
        out += sizeof(word_t);
        in += sizeof(word_t);
    }
    while (size-- > 0)
        *out++ = *in++;
    return to;
}

static void copy_backwards(uint8_t *to, const uint8_t *from, size_t size)
{
    while (size % sizeof(word_t) != 0) {
        size--;
        to[size] = from[size];
    }
    while (size > 0) {
        size -= sizeof(word_t);
        *(word_t *)(to + size) = *(const word_t *)(from + size);
    }
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((uintptr_t)to - (uintptr_t)from < size)
        copy_backwards(to, from, size);
    else
        memcpy(to, from, size);
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    uint8_t *out = to;
    word_t pattern = UINT64_C(0x0101010101010101) * (uint8_t)byte;
    for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
        *(word_t *)out = pattern;
        out += sizeof(word_t);
    }
    while (size-- > 0)
        *out++ = (uint8_t)byte;
    return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const uint8_t *a = left, *b = right;
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

void *memchr(const void *bytes, int byte, size_t size)
{
    const uint8_t *in = bytes;
    for (size_t i = 0; i < size; i++) {
        if (in[i] == (uint8_t)byte)
            return (void *)(uintptr_t)(in + i);
    }
    return NULL;
}

size_t strlen(const char *string)
{
    size_t length = 0;
    while (string[length] != '\0')
        length++;
    return length;
}

size_t strnlen(const char *string, size_t limit)
{
    size_t length = 0;
    while (length < limit && string[length] != '\0')
        length++;
    return length;
}

int strcmp(const char *left, const char *right)
{
    return strncmp(left, right, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t limit)
{
    for (size_t i = 0; i < limit; i++) {
        uint8_t a = (uint8_t)left[i], b = (uint8_t)right[i];
        if (a != b)
            return a < b ? -1 : 1;
        if (a == '\0')
            break;
    }
    return 0;
}

char *strchr(const char *string, int character)
{
    for (;; string++) {
        if (*string == (char)character)
            return (char *)(uintptr_t)string;
        if (*string == '\0')
            return NULL;
    }
}

char *strrchr(const char *string, int character)
{
    for (size_t i = strlen(string) + 1; i-- > 0;) {
        if (string[i] == (char)character)
            return (char *)(uintptr_t)(string + i);
    }
    return NULL;
}
