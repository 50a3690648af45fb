/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The kernel's page tables (privileged specification 1.12, section 4.4).
 *
 * A range is mapped by the largest pages that its alignment allows. Frames for
 * tables come one by one from the start of a free range. No page is writable and
 * executable, and none is writable at one address and executable at another: the
 * direct map shows the image's text and constants read-only.
 */
#include "boot.h"

#include <arch/layout.h>
#include <arch/page_entry.h>
#include <arch/translation.h>
#include <boot/memory_map.h>
#include <stddef.h>

#define PAGE UINT64_C(0x1000)
#define TOP_LEVEL 2
#define POOL_LEAST (UINT64_C(1) << 20)
#define KERNEL_PAGE (ENTRY_VALID | ENTRY_READ | ENTRY_GLOBAL | ENTRY_ACCESSED | ENTRY_DIRTY)

struct pool {
    uint64_t start, next, end;
};

static struct pool pool;
static uint64_t *root;

static uint64_t *table_at(uint64_t physical)
{
    return (uint64_t *)(LAYOUT_DIRECT_MAP + physical);
}

/* A zeroed frame, or NULL. */
static uint64_t *pool_take(void)
{
    if (pool.next == pool.end)
        return NULL;
    uint64_t *table = table_at(pool.next);
    pool.next += PAGE;
    for (unsigned i = 0; i < 512; i++)
        table[i] = 0;
    return table;
}

static bool pool_open(const struct boot_info *boot)
{
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *range = &boot->memory[i];
        if (range->kind != BOOT_MEMORY_FREE || range->end - range->start < POOL_LEAST)
            continue;
        pool = (struct pool){.start = range->start, .next = range->start, .end = range->end};
        return true;
    }
    return false;
}

/* The entry for `address` at `level` (0: 4 KiB, 1: 2 MiB, 2: 1 GiB), tables above it made. */
static uint64_t *entry_for(uint64_t address, unsigned level)
{
    uint64_t *table = root;
    for (unsigned at = TOP_LEVEL; at > level; at--) {
        uint64_t *entry = &table[address >> (12 + 9 * at) & 511];
        if (*entry == 0) {
            uint64_t *below = pool_take();
            if (below == NULL)
                return NULL;
            *entry = entry_of_table((uint64_t)below - LAYOUT_DIRECT_MAP);
        }
        table = table_at(entry_physical(*entry));
    }
    return &table[address >> (12 + 9 * level) & 511];
}

static unsigned largest_level(uint64_t address, uint64_t physical, uint64_t length)
{
    for (unsigned level = TOP_LEVEL; level > 0; level--) {
        uint64_t size = PAGE << 9 * level;
        if (((address | physical) & (size - 1)) == 0 && length >= size)
            return level;
    }
    return 0;
}

static bool map_range(uint64_t address, uint64_t start, uint64_t end, uint64_t flags)
{
    while (start < end) {
        unsigned level = largest_level(address, start, end - start);
        uint64_t *entry = entry_for(address, level);
        if (entry == NULL)
            return false;
        *entry = entry_of_table(start) | flags | KERNEL_PAGE;
        address += PAGE << 9 * level;
        start += PAGE << 9 * level;
    }
    return true;
}

static bool map_direct(uint64_t start, uint64_t end, uint64_t flags)
{
    return map_range(LAYOUT_DIRECT_MAP + start, start, end, flags);
}

static bool map_part(const char *start, const char *end, uint64_t flags)
{
    return map_range((uint64_t)start, (uint64_t)start - LAYOUT_KERNEL,
                     (uint64_t)end - LAYOUT_KERNEL, flags);
}

static bool map_image(void)
{
    return map_part(image_start, image_text_end, ENTRY_EXECUTE) &&
           map_part(image_text_end, image_rodata_end, 0) &&
           map_part(image_rodata_end, boot_stack_guard, ENTRY_WRITE) &&
           map_part(boot_stack_guard + PAGE, image_end, ENTRY_WRITE);
}

static bool map_memory(const struct boot_info *boot)
{
    uint64_t constants_end = (uint64_t)image_rodata_end - LAYOUT_KERNEL;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *range = &boot->memory[i];
        uint64_t start = range->start;
        if (range->kind == BOOT_MEMORY_RESERVED)
            continue;
        if (start == boot->kernel_start) {
            if (!map_direct(start, constants_end, 0))
                return false;
            start = constants_end;
        }
        if (!map_direct(start, range->end, ENTRY_WRITE))
            return false;
    }
    return true;
}

bool boot_build_tables(struct boot_info *boot)
{
    if (!pool_open(boot))
        return false;
    root = pool_take();
    if (root == NULL || !map_image() || !map_memory(boot) || entry_for(LAYOUT_DEVICES, 1) == NULL)
        return false;
    if (!memory_map_set(boot, pool.start, pool.next, BOOT_MEMORY_KERNEL))
        return false;
    translation_load((uint64_t)root - LAYOUT_DIRECT_MAP);
    return true;
}
