/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Mapping ELF programs: the executable and its interpreter.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <loader/elf.h>
#include <trellis/object.h>

/*
 * 0, -ENOEXEC or what reading gave. As on Linux whether the segments can be mapped is found
 * when that is done, after the point of no return: program_map fails then.
 */
int program_read(handle_t memory, struct elf_image *image);
/* The first bytes of a file: how many, or a negated errno. */
int64_t program_read_beginning(handle_t memory, void *bytes, size_t size);
/* The path PT_INTERP names; PATH_SIZE bytes. 0, -ENOEXEC, -EIO past the file's end. */
int program_read_interpreter(handle_t memory, const struct elf_image *image, char *path);
/*
 * Map it into this process: where it was linked, or, if it may be anywhere, at
 * `place` (0: where the kernel finds room). *bias is what its addresses are to be
 * increased by. 0 or a negated errno, after which there is no going back.
 */
int program_map(handle_t memory, const struct elf_image *image, uint64_t place, uint64_t *bias);
