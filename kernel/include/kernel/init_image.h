/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Reading init's file: the newc archive and the ELF header, byte for byte
 * checked. Pure functions on bytes, so that tests and fuzzers reach them.
 */
#pragma once

#include <kernel/status.h>
#include <stddef.h>
#include <stdint.h>

struct image_file {
    const uint8_t *bytes;
    size_t size;
};

struct image_segment {
    uint64_t address;     /* page aligned */
    uint64_t size;        /* in memory, whole pages */
    uint64_t file_offset; /* what is copied, */
    uint64_t file_size;   /* how much, */
    uint64_t page_offset; /* and to where from `address` on */
    uint32_t flags;       /* enum map_flag */
};

#define IMAGE_SEGMENTS 16

struct image {
    uint64_t entry;
    uint32_t count;
    struct image_segment segments[IMAGE_SEGMENTS];
};

/* NOT_FOUND, or INVALID if the archive is damaged before the file is found. */
enum status archive_find(const uint8_t *archive, size_t size, const char *name,
                         struct image_file *file) must_check;

/*
 * A static ELF64 executable of this machine: INVALID unless every segment lies
 * in the file and in user space, none is writable and executable, and no two
 * share a page.
 */
enum status image_parse(const struct image_file *file, struct image *image) must_check;
