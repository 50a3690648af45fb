/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/copy.h>

#include <base/errno.h>
#include <base/text.h>
#include <posix/arch.h>

#define STRING_STEP 256 /* bytes looked at in one copy; divides a page */

bool copy_range_valid(uint64_t address, uint64_t size)
{
    return address < USER_LIBRARY && size <= USER_LIBRARY - address;
}

size_t copy_some_from_program(void *to, uint64_t from, size_t size)
{
    return copy_range_valid(from, size) ? arch_copy(to, (const void *)from, size) : size;
}

size_t copy_some_to_program(uint64_t to, const void *from, size_t size)
{
    return copy_range_valid(to, size) ? arch_copy((void *)to, from, size) : size;
}

int copy_from_program(void *to, uint64_t from, size_t size)
{
    return copy_some_from_program(to, from, size) == 0 ? 0 : -LINUX_EFAULT;
}

int copy_to_program(uint64_t to, const void *from, size_t size)
{
    return copy_some_to_program(to, from, size) == 0 ? 0 : -LINUX_EFAULT;
}

int copy_zero_program(uint64_t to, size_t size)
{
    if (!copy_range_valid(to, size) || arch_zero((void *)to, size) != 0)
        return -LINUX_EFAULT;
    return 0;
}

/* Steps end at multiples of STRING_STEP, so that none reaches over a page the string does not. */
int64_t copy_string_from_program(char *to, uint64_t from, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t step = STRING_STEP - (size_t)((from + done) % STRING_STEP);
        step = step < size - done ? step : size - done;
        if (copy_from_program(to + done, from + done, step) != 0)
            return -LINUX_EFAULT;
        const char *end = memchr(to + done, 0, step);
        if (end != NULL)
            return end - to;
        done += step;
    }
    return -LINUX_ENAMETOOLONG;
}

int copy_word_from_program(uint32_t *value, uint64_t from)
{
    if (!copy_range_valid(from, sizeof(*value)) || arch_load_word((const void *)from, value) != 0)
        return -LINUX_EFAULT;
    return 0;
}

int copy_exchange_program(uint64_t at, uint32_t *value, uint32_t desired)
{
    if (!copy_range_valid(at, sizeof(*value)) ||
        arch_exchange_word((void *)at, value, desired) != 0)
        return -LINUX_EFAULT;
    return 0;
}
