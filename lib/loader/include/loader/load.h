/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Programs into processes.
 *
 * A program is prepared once: its bytes are copied into memory objects, one for
 * each segment. From then on it is mapped into any number of processes without
 * copying: what is not writable is shared, what is writable is copied on write.
 */
#pragma once

#include <loader/elf.h>
#include <trellis/object.h>
#include <trellis/status.h>

struct loader_program {
    struct elf_image image;
    handle_t memory[ELF_SEGMENTS_MAX]; /* the segment's file pages; HANDLE_NONE if it has none */
};

/*
 * From the whole file in memory; the objects are charged to `account`. A program
 * with a segment both writable and executable, or with an interpreter, is
 * refused. INVALID (with *outcome the reason) or what the kernel answered;
 * nothing is left behind then.
 */
enum status loader_prepare(const void *bytes, size_t size, handle_t account,
                           struct loader_program *program, enum elf_outcome *outcome);

/*
 * Map it: where it was linked, or `base` bytes above that if it is relocatable.
 * `flags` are added to each mapping's (MAP_HIDDEN). After a failure the process is
 * fit for nothing but its end.
 */
enum status loader_map(const struct loader_program *program, handle_t process, uint64_t base,
                       uint32_t flags);

/* Close the objects. Processes keep what is mapped. */
void loader_release(struct loader_program *program);
