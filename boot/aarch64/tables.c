/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The kernel's page tables (Arm ARM, VMSAv8-64, 4 KiB granule).
 *
 * A range is mapped by the largest pages that its alignment allows. Frames for
 * tables come one by one from the start of a free range that the early tables
 * show. No page is writable and executable, and none is writable at one address
 * and executable at another: the direct map shows the image's text and
 * constants read-only.
 */
#include "boot.h"

#include <arch/page_table_state.h>
#include <boot/memory_map.h>
#include <stddef.h>

#define ENTRY_VALID UINT64_C(1)
#define ENTRY_TABLE UINT64_C(2) /* at level 1: a page */
#define ENTRY_DEVICE (UINT64_C(1) << 2)
#define ENTRY_READ_ONLY (UINT64_C(1) << 7)
#define ENTRY_SHARED (UINT64_C(3) << 8)
#define ENTRY_ACCESSED (UINT64_C(1) << 10)
#define ENTRY_KERNEL_NO_EXECUTE (UINT64_C(1) << 53)
#define ENTRY_NO_EXECUTE (UINT64_C(1) << 54)
#define ENTRY_ADDRESS UINT64_C(0x0000fffffffff000)
#define ENTRY_DATA (ENTRY_KERNEL_NO_EXECUTE | ENTRY_NO_EXECUTE)
#define ENTRY_BLOCK (ENTRY_VALID | ENTRY_SHARED | ENTRY_ACCESSED)

#define PAGE UINT64_C(0x1000)
#define POOL_LEAST (UINT64_C(2) << 20)

struct pool {
    uint64_t start, next, end;
};

static struct pool pool;
static uint64_t *root;
uint64_t boot_root;

void boot_show_devices(uint64_t physical)
{
    uint64_t start = physical & ~(BOOT_GIGABYTE - 1);
    if (physical >= BOOT_EARLY_REACH || early_direct[start / BOOT_GIGABYTE] != 0)
        return;
    early_direct[start / BOOT_GIGABYTE] = start | ENTRY_BLOCK | ENTRY_DEVICE | ENTRY_DATA;
    __asm__ volatile("dsb ishst; isb" : : : "memory");
}

/* A zeroed frame, or NULL. */
static uint64_t *pool_take(void)
{
    if (pool.next == pool.end)
        return NULL;
    uint64_t *table = arch_physical_to_virtual(pool.next);
    pool.next += PAGE;
    for (unsigned i = 0; i < 512; i++)
        table[i] = 0;
    return table;
}

/* In the image's gigabyte, which the early tables show. */
static bool pool_open(const struct boot_info *boot)
{
    uint64_t shown = boot->kernel_start & ~(BOOT_GIGABYTE - 1), shown_end = shown + BOOT_GIGABYTE;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *range = &boot->memory[i];
        uint64_t start = range->start > shown ? range->start : shown;
        uint64_t end = range->end < shown_end ? range->end : shown_end;
        if (range->kind != BOOT_MEMORY_FREE || start >= end || end - start < POOL_LEAST)
            continue;
        pool = (struct pool){.start = start, .next = start, .end = end};
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
            *entry = arch_virtual_to_physical(below) | ENTRY_VALID | ENTRY_TABLE;
        }
        table = arch_physical_to_virtual(*entry & ENTRY_ADDRESS);
    }
    return &table[address >> (12 + 9 * (level - 1)) & 511];
}

static unsigned largest_level(uint64_t address, uint64_t physical, uint64_t length)
{
    for (unsigned level = 3; level > 1; level--) {
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
        *entry = start | flags | ENTRY_BLOCK | (level == 1 ? ENTRY_TABLE : 0);
        address += PAGE << 9 * (level - 1);
        start += PAGE << 9 * (level - 1);
    }
    return true;
}

static bool map_direct(uint64_t start, uint64_t end, uint64_t flags)
{
    return map_range(LAYOUT_DIRECT_MAP + start, start, end, flags | ENTRY_DATA);
}

static bool map_part(const char *start, const char *end, uint64_t flags)
{
    return map_range((uint64_t)start, arch_virtual_to_physical(start),
                     arch_virtual_to_physical(end), flags);
}

static bool map_image(void)
{
    return map_part(image_start, image_text_end, ENTRY_READ_ONLY | ENTRY_NO_EXECUTE) &&
           map_part(image_text_end, image_rodata_end, ENTRY_READ_ONLY | ENTRY_DATA) &&
           map_part(image_rodata_end, boot_stack_guard, ENTRY_DATA) &&
           map_part(boot_stack_guard + PAGE, image_end, ENTRY_DATA);
}

static bool map_memory(const struct boot_info *boot)
{
    uint64_t constants_end = arch_virtual_to_physical(image_rodata_end);
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *range = &boot->memory[i];
        uint64_t start = range->start;
        if (range->kind == BOOT_MEMORY_RESERVED)
            continue;
        if (start == boot->kernel_start) {
            if (!map_direct(start, constants_end, ENTRY_READ_ONLY))
                return false;
            start = constants_end;
        }
        if (!map_direct(start, range->end, 0))
            return false;
    }
    return true;
}

/* Where there is no console, a page that nobody reads takes its place. */
static bool map_console(uint64_t physical)
{
    if (physical != 0)
        return map_range(LAYOUT_CONSOLE, physical, physical + PAGE, ENTRY_DEVICE | ENTRY_DATA);
    const uint64_t *nothing = pool_take();
    return nothing != NULL && map_range(LAYOUT_CONSOLE, arch_virtual_to_physical(nothing),
                                        arch_virtual_to_physical(nothing) + PAGE, ENTRY_DATA);
}

bool boot_build_tables(struct boot_info *boot)
{
    if (!pool_open(boot))
        return false;
    root = pool_take();
    if (root == NULL || !map_image() || !map_memory(boot) || !map_console(boot->console_registers))
        return false;
    if (!memory_map_set(boot, pool.start, pool.next, BOOT_MEMORY_KERNEL))
        return false;
    boot_root = arch_virtual_to_physical(root);
    __asm__ volatile("dc cvac, %1\n\t" /* CPUs that start read it with their caches off */
                     "dsb sy\n\t"
                     "msr ttbr1_el1, %0\n\t"
                     "isb\n\t"
                     "tlbi vmalle1\n\t"
                     "dsb nsh\n\t"
                     "isb"
                     :
                     : "r"(boot_root), "r"(&boot_root)
                     : "memory");
    return true;
}
