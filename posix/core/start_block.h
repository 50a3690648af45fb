/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Reading a start block: the old program could write it, so nothing in it is
 * believed before it has been looked at.
 */
#pragma once

#include <stdbool.h>

#include <protocols/posix_start.h>

/* Whether all that it says lies within it, and its strings are as many as it says. */
bool start_block_is_valid(const struct posix_start *block);

/* Its parts, once it is valid. */
static inline const char *start_block_strings(const struct posix_start *block)
{
    return (const char *)block + block->strings;
}

static inline const char *start_block_path(const struct posix_start *block)
{
    return (const char *)block + block->path;
}

static inline const char *start_block_cwd(const struct posix_start *block)
{
    return (const char *)block + block->cwd_path;
}
