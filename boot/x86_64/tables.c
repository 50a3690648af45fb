/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The kernel's page tables (Intel SDM volume 3, section 4.5).
 *
 * A range is mapped by the largest pages that its alignment allows. Frames for
 * tables come one by one from the start of a free range that the early tables
 * reach. No page is writable and executable, and none is writable at one
 * address and executable at another: the direct map shows the image's text and
 * constants read-only.
 */
#include "boot.h"

#include <arch/layout.h>
#include <boot/memory_map.h>
#include <stddef.h>

#define ENTRY_PRESENT UINT64_C(1)
#define ENTRY_WRITE (UINT64_C(1) << 1)
#define ENTRY_LARGE (UINT64_C(1) << 7)
#define ENTRY_GLOBAL (UINT64_C(1) << 8)
#define ENTRY_NO_EXECUTE (UINT64_C(1) << 63)
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)

#define PAGE UINT64_C(0x1000)
#define EARLY_REACH (UINT64_C(1) << 32)
#define POOL_LEAST (UINT64_C(4) << 20)

struct pool {
    uint64_t start, next, end;
};

static struct pool pool;
static uint64_t *root;
static bool has_gigabyte_pages;

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
        if (range->kind != BOOT_MEMORY_FREE || range->start >= EARLY_REACH)
            continue;
        uint64_t end = range->end < EARLY_REACH ? range->end : EARLY_REACH;
        if (end - range->start < POOL_LEAST)
            continue;
        pool = (struct pool){.start = range->start, .next = range->start, .end = end};
        return true;
    }
    return false;
}

/* The entry for `address` at `level` (1: 4 KiB, 2: 2 MiB, 3: 1 GiB), tables above it made. */
static uint64_t *entry_for(uint64_t address, unsigned level)
{
    uint64_t *table = root;
    for (unsigned at = 4; at > level; at--) {
        uint64_t *entry = &table[address >> (12 + 9 * (at - 1)) & 511];
        if (*entry == 0) {
            uint64_t *below = pool_take();
            if (below == NULL)
                return NULL;
            *entry = ((uint64_t)below - LAYOUT_DIRECT_MAP) | ENTRY_PRESENT | ENTRY_WRITE;
        }
        table = table_at(*entry & ENTRY_ADDRESS);
    }
    return &table[address >> (12 + 9 * (level - 1)) & 511];
}

static unsigned largest_level(uint64_t address, uint64_t physical, uint64_t length)
{
    for (unsigned level = has_gigabyte_pages ? 3 : 2; level > 1; level--) {
        uint64_t size = PAGE << 9 * (level - 1);
        if (((address | physical) & (size - 1)) == 0 && length >= size)
            return level;
    }
    return 1;
}

static bool map_range(uint64_t address, uint64_t start, uint64_t end, uint64_t flags)
{
    while (start < end) {
        unsigned level = largest_level(address, start, end - start);
        uint64_t *entry = entry_for(address, level);
        if (entry == NULL)
            return false;
        *entry = start | flags | ENTRY_PRESENT | ENTRY_GLOBAL | (level > 1 ? ENTRY_LARGE : 0);
        address += PAGE << 9 * (level - 1);
        start += PAGE << 9 * (level - 1);
    }
    return true;
}

static bool map_direct(uint64_t start, uint64_t end, uint64_t flags)
{
    return map_range(LAYOUT_DIRECT_MAP + start, start, end, flags | ENTRY_NO_EXECUTE);
}

static bool map_part(const char *start, const char *end, uint64_t flags)
{
    return map_range((uint64_t)start, (uint64_t)start - LAYOUT_KERNEL,
                     (uint64_t)end - LAYOUT_KERNEL, flags);
}

static bool map_image(void)
{
    return map_part(image_start, image_text_end, 0) &&
           map_part(image_text_end, image_rodata_end, ENTRY_NO_EXECUTE) &&
           map_part(image_rodata_end, boot_stack_guard, ENTRY_WRITE | ENTRY_NO_EXECUTE) &&
           map_part(boot_stack_guard + PAGE, image_end, ENTRY_WRITE | ENTRY_NO_EXECUTE);
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

/* CPUID 0x80000001, edx bit 26. */
static bool cpu_has_gigabyte_pages(void)
{
    uint32_t eax = 0x80000001, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (edx & 1u << 26) != 0;
}

/* The areas whose top-level entries must never change have them all from here on. */
static bool make_top_entries(void)
{
    return entry_for(LAYOUT_DIRECT_MAP, 3) != NULL && entry_for(LAYOUT_DEVICES, 3) != NULL;
}

bool boot_build_tables(struct boot_info *boot)
{
    if (!pool_open(boot))
        return false;
    has_gigabyte_pages = cpu_has_gigabyte_pages();
    root = pool_take();
    if (root == NULL || !map_image() || !map_memory(boot) || !make_top_entries())
        return false;
    if (!memory_map_set(boot, pool.start, pool.next, BOOT_MEMORY_KERNEL))
        return false;
    __asm__ volatile("mov %0, %%cr3" : : "r"((uint64_t)root - LAYOUT_DIRECT_MAP) : "memory");
    return true;
}
