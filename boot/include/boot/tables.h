/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Building the kernel's page tables, of the form that arch/page_entry.h gives them: begun
 * once, added to, finished.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <trellis/boot_info.h>

struct tables_plan {
    uint64_t shown_start, shown_end; /* physical: what the early tables show of RAM */
    uint64_t pool_least;             /* bytes that a free range in it must have */
    unsigned largest_level;          /* of a page; 0: 4 KiB */
};

/* All RAM in the direct map, the image with each part's own protection, but for the page
 * below the first CPU's stack. False if there is no room. */
bool tables_begin(const struct boot_info *boot, const struct tables_plan *plan);
/* A frame of zeroes in the direct map, or NULL. */
uint64_t *tables_take(void);
/* The entry for an address at a level, tables above it made; NULL if there is no room. */
uint64_t *tables_entry(uint64_t address, unsigned level);
/* Physical [start, end) with enum page_table_flag. */
bool tables_map(uint64_t address, uint64_t start, uint64_t end, uint32_t flags);
/* Mark what was taken as the kernel's; the root's physical address. */
bool tables_finish(struct boot_info *boot, uint64_t *root);

/* The image, from the link script; addresses are virtual. */
extern const char image_start[], image_text_end[], image_rodata_end[], image_end[];
/* start.S: the page below the first CPU's stack, which is never mapped. */
extern const char boot_stack_guard[];
