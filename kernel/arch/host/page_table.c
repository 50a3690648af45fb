/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Page tables of the host: what would be in a table of the last level is in a
 * region of 512 pages, which takes and is charged one page of the arena, so that
 * running out of memory in the middle of a mapping can be tested.
 */
#include <arch/page_table.h>

#include <kernel/log.h>
#include <kernel/page.h>
#include <stdlib.h>

#define REGION_PAGES 512
#define REGION_SIZE (REGION_PAGES * PAGE_SIZE)

struct host_entry {
    uint64_t physical;
    uint32_t flags; /* 0: not present */
};

struct host_region {
    struct host_region *next;
    uint64_t base;
    struct page *charged;
    struct host_entry entries[REGION_PAGES];
};

/* An entry that is there but allows nothing still differs from none. */
#define HOST_PRESENT (1u << 31)

enum status arch_table_init(struct page_table *table, struct account *account)
{
    *table = (struct page_table){.account = account};
    return STATUS_OK;
}

void arch_table_free(struct page_table *table)
{
    while (table->regions != NULL) {
        struct host_region *region = table->regions;
        table->regions = region->next;
        page_release(region->charged);
        free(region);
    }
}

static struct host_entry *table_find_entry(const struct page_table *table, uint64_t address)
{
    for (struct host_region *region = table->regions; region != NULL; region = region->next) {
        if (address - region->base < REGION_SIZE)
            return &region->entries[(address - region->base) / PAGE_SIZE];
    }
    return NULL;
}

static enum status table_add_region(struct page_table *table, uint64_t address)
{
    struct page *charged;
    enum status status = page_allocate(table->account, 0, PAGE_NODE_ANY, &charged);
    if (status != STATUS_OK)
        return status;
    struct host_region *region = calloc(1, sizeof(*region));
    assert(region != NULL);
    region->base = address & ~(REGION_SIZE - 1);
    region->charged = charged;
    region->next = table->regions;
    table->regions = region;
    return STATUS_OK;
}

enum status arch_table_map(struct page_table *table, uint64_t address, uint64_t physical,
                           uint32_t flags)
{
    assert(address % PAGE_SIZE == 0 && physical % PAGE_SIZE == 0);
    if (table_find_entry(table, address) == NULL) {
        enum status status = table_add_region(table, address);
        if (status != STATUS_OK)
            return status;
    }
    struct host_entry *entry = table_find_entry(table, address);
    if (entry->flags != 0)
        table->flushes++;
    else
        table->resident_pages++;
    *entry = (struct host_entry){.physical = physical, .flags = flags | HOST_PRESENT};
    return STATUS_OK;
}

bool arch_table_lookup(const struct page_table *table, uint64_t address, uint64_t *physical,
                       uint32_t *flags)
{
    const struct host_entry *entry = table_find_entry(table, address);
    if (entry == NULL || entry->flags == 0)
        return false;
    *physical = entry->physical;
    *flags = entry->flags & ~HOST_PRESENT;
    return true;
}

uint64_t arch_table_unmap(struct page_table *table, uint64_t start, uint64_t end)
{
    uint64_t count = 0;
    for (uint64_t address = start; address < end; address += PAGE_SIZE) {
        struct host_entry *entry = table_find_entry(table, address);
        if (entry == NULL || entry->flags == 0)
            continue;
        *entry = (struct host_entry){0};
        count++;
    }
    table->flushes += count != 0;
    table->resident_pages -= count;
    return count;
}

uint64_t arch_table_next(const struct page_table *table, uint64_t address, uint64_t end)
{
    while (address < end && table_find_entry(table, address) == NULL)
        address = (address & ~(REGION_SIZE - 1)) + REGION_SIZE;
    return address < end ? address : end;
}

uint64_t arch_table_count(const struct page_table *table, uint64_t start, uint64_t end)
{
    uint64_t count = 0;
    for (uint64_t address = start; address < end; address += PAGE_SIZE) {
        const struct host_entry *entry = table_find_entry(table, address);
        count += entry != NULL && entry->flags != 0;
    }
    return count;
}

uint64_t arch_table_protect(struct page_table *table, uint64_t start, uint64_t end, uint32_t flags)
{
    uint64_t count = 0;
    for (uint64_t address = start; address < end; address += PAGE_SIZE) {
        struct host_entry *entry = table_find_entry(table, address);
        if (entry == NULL || entry->flags == 0)
            continue;
        entry->flags &= flags | HOST_PRESENT;
        count++;
    }
    table->flushes += count != 0;
    return count;
}

void arch_table_switch(struct page_table *table)
{
    (void)table;
}
