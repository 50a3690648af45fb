/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Files as descriptions of the start block, for exec and for sockets (save.c).
 */
#pragma once

#include <posix/file.h>

void file_describe(const struct file *file, struct posix_start_descriptor *descriptor);
/* NULL: no such kind, or no memory; then the handles are the caller's still. */
struct file *file_from_description(const struct posix_start_descriptor *descriptor);
