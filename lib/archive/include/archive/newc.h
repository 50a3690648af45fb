/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Reading a newc cpio archive that lies in memory: the boot archive's format
 * (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * The bytes are not trusted: every entry that is given out lies inside them
 * whole, and its name is NUL-terminated.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct archive_reader {
    const uint8_t *bytes;
    size_t size;
    size_t offset; /* of the next entry */
};

/* Pointers are into the archive. */
struct archive_entry {
    const char *name; /* without leading "/" or "./" */
    size_t name_length;
    const void *data; /* a file's bytes, a link's target */
    size_t size;
    uint32_t node; /* the same for hard links */
    uint32_t mode; /* type and permissions */
    uint32_t uid, gid;
    uint32_t links;
    uint32_t modified_s;                 /* seconds since 1970 */
    uint32_t device_major, device_minor; /* which device a device node stands for */
};

enum archive_outcome {
    ARCHIVE_ENTRY,
    ARCHIVE_END,     /* the trailer, or the end of the bytes at an entry's border */
    ARCHIVE_DAMAGED, /* what stands at `offset` is no entry */
};

void archive_begin(struct archive_reader *reader, const void *bytes, size_t size);
enum archive_outcome archive_next(struct archive_reader *reader, struct archive_entry *entry);

/* The first entry of exactly that name; ARCHIVE_END if there is none. */
enum archive_outcome archive_find(const void *bytes, size_t size, const char *name,
                                  struct archive_entry *entry);
