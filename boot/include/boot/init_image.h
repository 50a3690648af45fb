/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Finding and reading init's file in the boot archive. Pure functions on bytes,
 * so that tests and fuzzers reach them.
 */
#pragma once

#include <kernel/init.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive_file {
    const uint8_t *bytes;
    size_t size;
};

/* False if the newc archive has no such file, or is damaged before it. */
bool archive_find(const uint8_t *archive, size_t size, const char *name, struct archive_file *file);

/*
 * A static ELF64 executable of this machine. False unless every segment lies in
 * the file and in user space, none is writable and executable, and no two
 * share a page. The image points into the file.
 */
bool init_image_parse(const struct archive_file *file, struct init_image *image);
