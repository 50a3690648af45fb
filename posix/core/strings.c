/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "strings.h"

#include <stdbool.h>

#include <base/errno.h>
#include <base/text.h>
#include <posix/copy.h>
#include <posix/memory.h>

#define FIRST_CAPACITY 4096

void strings_init(struct strings *strings, size_t limit)
{
    *strings = (struct strings){.limit = limit};
}

void strings_release(struct strings *strings)
{
    memory_release(strings->bytes);
    strings->bytes = NULL;
}

/* Room for `more` bytes behind those there are. */
static int reserve(struct strings *strings, size_t more)
{
    size_t capacity = strings->capacity == 0 ? FIRST_CAPACITY : strings->capacity;

    if (more > strings->limit - strings->size)
        return -LINUX_E2BIG;
    while (capacity < strings->size + more)
        capacity *= 2;
    if (capacity == strings->capacity)
        return 0;
    char *bytes = memory_resize(strings->bytes, capacity);
    if (bytes == NULL)
        return -LINUX_ENOMEM;
    strings->bytes = bytes;
    strings->capacity = capacity;
    return 0;
}

static int finish(struct strings *strings, size_t length)
{
    strings->size += length + 1;
    strings->count++;
    bool fits = strings->size + strings->count * sizeof(uint64_t) <= strings->limit;
    return fits ? 0 : -LINUX_E2BIG;
}

int strings_add(struct strings *strings, const char *string)
{
    size_t length = strlen(string);
    int error = length >= STRING_MAX ? -LINUX_E2BIG : reserve(strings, length + 1);

    if (error != 0)
        return error;
    memcpy(strings->bytes + strings->size, string, length + 1);
    return finish(strings, length);
}

int strings_add_from_program(struct strings *strings, uint64_t address)
{
    for (size_t room = 256;; room *= 2) {
        room = room < STRING_MAX ? room : STRING_MAX;
        int error = reserve(strings, room);
        if (error != 0)
            return error;
        int64_t length = copy_string_from_program(strings->bytes + strings->size, address, room);
        if (length >= 0)
            return finish(strings, (size_t)length);
        if (length == -LINUX_EFAULT)
            return -LINUX_EFAULT;
        if (room == STRING_MAX)
            return -LINUX_E2BIG;
    }
}

int strings_add_array(struct strings *strings, uint64_t address, size_t skip)
{
    uint64_t pointer = 0;

    if (address == 0)
        return 0;
    for (uint64_t at = address;; at += sizeof(pointer)) {
        if (copy_from_program(&pointer, at, sizeof(pointer)) != 0)
            return -LINUX_EFAULT;
        if (pointer == 0)
            return 0;
        int error = skip > 0 ? 0 : strings_add_from_program(strings, pointer);
        if (error != 0)
            return error;
        skip -= skip > 0;
    }
}
