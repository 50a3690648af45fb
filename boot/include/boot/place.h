/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What every way in does alike: say where image and archive lie, find init, give up.
 */
#pragma once

#include <arch/cpu.h>
#include <kernel/init.h>
#include <stddef.h>
#include <stdint.h>
#include <trellis/boot_info.h>

/* Enter a range of memory; ends the machine if there are too many. */
void boot_set_memory(struct boot_info *boot, uint64_t start, uint64_t end, uint32_t kind);

/* Enter the image, from the link script, and the archive at archive_start, if there is one. It
 * has to lie in free memory: a loader may have put it over the image, or where none is. */
void boot_place(struct boot_info *boot, const char *image_start, const char *image_end);

/* The init of the archive, which the page tables show; without parts if there is none. */
const struct init_image *boot_find_init(const struct boot_info *boot);

/* The end, for want of what a machine must have, or of memory. */
_Noreturn void boot_fail(const char *message);
_Noreturn void boot_fail_memory(const char *message);

/* By the architecture: text for whoever looks, nothing if nobody can; the last word. */
void boot_write(const char *text, size_t length);
_Noreturn void boot_end(enum stop_kind kind);
