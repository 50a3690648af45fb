/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The kernel's page tables.
 *
 * A range is mapped by the largest pages that its alignment allows. Frames for tables
 * come one by one from the start of a free range that the early tables show. No page is
 * writable and executable, and none is writable at one address and executable at
 * another: the direct map shows the image's text and constants read-only.
 */
#include <boot/tables.h>

#include <arch/page_entry.h>
#include <boot/memory_map.h>
#include <stddef.h>

#define PAGE UINT64_C(0x1000)
#define TABLE_ENTRIES 512

static struct {
    uint64_t start, next, end;
} pool;
static unsigned largest_level;
static uint64_t *root;

static uint64_t span(unsigned level)
{
    return PAGE << 9 * level;
}

uint64_t *tables_take(void)
{
    if (pool.next == pool.end)
        return NULL;
    uint64_t *table = arch_physical_to_virtual(pool.next);
    pool.next += PAGE;
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        table[i] = 0;
    return table;
}

static bool pool_open(const struct boot_info *boot, const struct tables_plan *plan)
{
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *range = &boot->memory[i];
        uint64_t start = range->start > plan->shown_start ? range->start : plan->shown_start;
        uint64_t end = range->end < plan->shown_end ? range->end : plan->shown_end;
        if (range->kind != BOOT_MEMORY_FREE || start >= end || end - start < plan->pool_least)
            continue;
        pool.start = pool.next = start;
        pool.end = end;
        return true;
    }
    return false;
}

uint64_t *tables_entry(uint64_t address, unsigned level)
{
    uint64_t *table = root;
    for (unsigned at = ARCH_PAGE_LEVELS - 1; at > level; at--) {
        uint64_t *entry = &table[address / span(at) % TABLE_ENTRIES];
        if (*entry == 0) {
            uint64_t *below = tables_take();
            if (below == NULL)
                return NULL;
            *entry = entry_of_table(arch_virtual_to_physical(below));
        }
        table = arch_physical_to_virtual(entry_physical(*entry));
    }
    return &table[address / span(level) % TABLE_ENTRIES];
}

static unsigned level_for(uint64_t address, uint64_t physical, uint64_t length)
{
    unsigned level = largest_level;
    while (level > 0 && ((address | physical) % span(level) != 0 || length < span(level)))
        level--;
    return level;
}

bool tables_map(uint64_t address, uint64_t start, uint64_t end, uint32_t flags)
{
    while (start < end) {
        unsigned level = level_for(address, start, end - start);
        uint64_t *entry = tables_entry(address, level);
        if (entry == NULL)
            return false;
        *entry = entry_of_kernel_page(start, flags, level);
        address += span(level);
        start += span(level);
    }
    return true;
}

static bool map_direct(uint64_t start, uint64_t end, uint32_t flags)
{
    return tables_map(LAYOUT_DIRECT_MAP + start, start, end, flags);
}

static bool map_part(const char *start, const char *end, uint32_t flags)
{
    return tables_map((uint64_t)start, arch_virtual_to_physical(start),
                      arch_virtual_to_physical(end), flags);
}

static bool map_image(void)
{
    return map_part(image_start, image_text_end, PTE_READ | PTE_EXECUTE) &&
           map_part(image_text_end, image_rodata_end, PTE_READ) &&
           map_part(image_rodata_end, boot_stack_guard, PTE_READ | PTE_WRITE) &&
           map_part(boot_stack_guard + PAGE, image_end, PTE_READ | PTE_WRITE);
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
            if (!map_direct(start, constants_end, PTE_READ))
                return false;
            start = constants_end;
        }
        if (!map_direct(start, range->end, PTE_READ | PTE_WRITE))
            return false;
    }
    return true;
}

bool tables_begin(const struct boot_info *boot, const struct tables_plan *plan)
{
    largest_level = plan->largest_level;
    if (!pool_open(boot, plan))
        return false;
    root = tables_take();
    return root != NULL && map_image() && map_memory(boot);
}

bool tables_finish(struct boot_info *boot, uint64_t *physical)
{
    *physical = arch_virtual_to_physical(root);
    return memory_map_set(boot, pool.start, pool.next, BOOT_MEMORY_KERNEL);
}
