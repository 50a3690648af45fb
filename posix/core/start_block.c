/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "start_block.h"

#include <base/text.h>

static bool is_within(const struct posix_start *block, uint64_t offset, uint64_t size)
{
    return offset >= sizeof(*block) && offset <= block->size && size <= block->size - offset;
}

/* [offset, offset + size) ends with a NUL. */
static bool is_text(const struct posix_start *block, uint64_t offset, uint64_t size)
{
    return size > 0 && is_within(block, offset, size) &&
           ((const char *)block)[offset + size - 1] == 0;
}

static bool is_array(const struct posix_start *block, uint64_t offset, uint64_t count, size_t size)
{
    return count <= POSIX_START_MAX / size && offset % sizeof(uint64_t) == 0 &&
           (count == 0 || is_within(block, offset, count * size));
}

static uint64_t count_strings(const struct posix_start *block)
{
    const char *bytes = start_block_strings(block);
    uint64_t count = 0;

    for (uint32_t i = 0; i < block->strings_size; i++)
        count += bytes[i] == 0;
    return count;
}

bool start_block_is_valid(const struct posix_start *block)
{
    uint64_t strings = (uint64_t)block->argument_count + block->environment_count;

    if (block->magic != POSIX_START_MAGIC || block->size < sizeof(*block) ||
        block->size > POSIX_START_MAX)
        return false;
    if (!is_text(block, block->path, block->path_size) ||
        !is_text(block, block->cwd_path, block->cwd_path_size))
        return false;
    if (strings != 0 &&
        (!is_text(block, block->strings, block->strings_size) || count_strings(block) != strings))
        return false;
    if (strings == 0 && block->strings_size != 0)
        return false;
    return is_array(block, block->descriptors, block->descriptor_count,
                    sizeof(struct posix_start_descriptor)) &&
           is_array(block, block->close, block->close_count, sizeof(handle_t));
}
