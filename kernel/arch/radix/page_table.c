/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Page tables of the usual form, compiled for each architecture that has them.
 *
 * Tables below a space's root stay until the space ends. A page's place changes only by
 * way of an entry that is 0, so that no two CPUs ever see different pages at an address;
 * what has lost rights or its page is forgotten by all CPUs before a change returns, each
 * change asking them once. Where only rights are added nobody is asked: who remembers
 * less faults, and finds more. The hardware never writes to an entry: what it would mark
 * there is set from the beginning.
 */
#include <arch/radix.h>

#include <arch/page_entry.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <kernel/string.h>

#define TABLE_ENTRIES 512
#define TOP_LEVEL (ARCH_PAGE_LEVELS - 1)
#define RIGHTS (PTE_READ | PTE_WRITE | PTE_EXECUTE)

static uint64_t entry_span(unsigned level)
{
    return PAGE_SIZE << 9 * level;
}

/* The first address behind what an entry of this level covers. */
static uint64_t span_end(uint64_t address, unsigned level)
{
    return (address & ~(entry_span(level) - 1)) + entry_span(level);
}

static uint64_t *entry_at(uint64_t table, uint64_t address, unsigned level)
{
    uint64_t *entries = arch_physical_to_virtual(table);
    return &entries[(address / entry_span(level)) % TABLE_ENTRIES];
}

static enum status table_create(struct account *account, uint64_t *physical)
{
    struct page *page;
    enum status status = page_allocate_zeroed(account, &page);
    if (status == STATUS_OK)
        *physical = page_physical(page);
    return status;
}

enum status arch_table_init(struct page_table *table, struct account *account)
{
    *table = (struct page_table){.account = account};
    enum status status = table_create(account, &table->root);
    if (status != STATUS_OK)
        return status;
    uint64_t *to = arch_physical_to_virtual(table->root);
    const uint64_t *from = arch_physical_to_virtual(arch_kernel_root());
    memcpy(to + ARCH_SPACE_ENTRIES, from + ARCH_SPACE_ENTRIES,
           (TABLE_ENTRIES - ARCH_SPACE_ENTRIES) * sizeof(*to));
    return STATUS_OK;
}

/* A table and what is below it; pages are not its business. */
static void table_free(uint64_t table, unsigned level, unsigned entries)
{
    const uint64_t *entry = arch_physical_to_virtual(table);
    for (unsigned i = 0; level > 0 && i < entries; i++) {
        if (entry[i] != 0)
            table_free(entry_physical(entry[i]), level - 1, TABLE_ENTRIES);
    }
    page_release(page_of_physical(table));
}

void arch_table_free(struct page_table *table)
{
    table_free(table->root, TOP_LEVEL, ARCH_SPACE_ENTRIES);
    *table = (struct page_table){0};
}

enum status radix_create(uint64_t root, struct account *account, uint64_t address,
                         uint64_t **result)
{
    uint64_t *entry = entry_at(root, address, TOP_LEVEL);
    for (unsigned level = TOP_LEVEL; level > 0; level--) {
        if (*entry == 0) {
            uint64_t created;
            enum status status = table_create(account, &created);
            if (status != STATUS_OK)
                return status;
            radix_set(entry, entry_of_table(created));
        }
        entry = entry_at(entry_physical(*entry), address, level - 1);
    }
    *result = entry;
    return STATUS_OK;
}

/* The entry of the first page in [*address, end) for which there is a table; NULL if none has one. */
static uint64_t *entry_find(uint64_t root, uint64_t *address, uint64_t end)
{
    while (*address < end) {
        unsigned level = TOP_LEVEL;
        uint64_t *entry = entry_at(root, *address, level);
        while (level > 0 && *entry != 0) {
            level--;
            entry = entry_at(entry_physical(*entry), *address, level);
        }
        if (level == 0)
            return entry;
        *address = span_end(*address, level);
    }
    return NULL;
}

static void entry_replace(const struct page_table *table, uint64_t address, uint64_t *entry,
                          uint64_t made)
{
    uint64_t old = *entry;
    if (old != 0 && entry_reduce(made, entry_flags(old)) == old) {
        radix_set(entry, made);
        arch_translation_renew(address);
        return;
    }
    if (old != 0) {
        struct translation_change change = {.count = 1, .addresses = {address}};
        radix_set(entry, 0);
        arch_translation_forget(table, &change);
    }
    radix_set(entry, made);
    arch_translation_added();
}

enum status arch_table_map(struct page_table *table, uint64_t address, uint64_t physical,
                           uint32_t flags)
{
    debug_assert((flags & RIGHTS) != 0);
    uint64_t *entry;
    enum status status = radix_create(table->root, table->account, address, &entry);
    if (status != STATUS_OK)
        return status;
    uint64_t made = entry_of_page(physical, flags);
    if ((flags & PTE_EXECUTE) != 0 && made != *entry)
        arch_translation_fetch(table, physical);
    table->resident_pages += *entry == 0;
    entry_replace(table, address, entry, made);
    return STATUS_OK;
}

bool arch_table_lookup(const struct page_table *table, uint64_t address, uint64_t *physical,
                       uint32_t *flags)
{
    const uint64_t *entry = entry_find(table->root, &address, address + 1);
    if (entry == NULL || *entry == 0)
        return false;
    *physical = entry_physical(*entry);
    *flags = entry_flags(*entry);
    return true;
}

/* Leave a page the rights in `flags`, without any take it away. */
static void change_entry(uint64_t *entry, uint64_t address, uint32_t flags,
                         struct translation_change *change)
{
    uint64_t value = flags != 0 ? entry_reduce(*entry, flags) : 0;
    if (value == *entry)
        return;
    radix_set(entry, value);
    if (change->count < TRANSLATION_PAGES_MAX)
        change->addresses[change->count] = address;
    change->count++;
}

/* Returns how many pages were there. */
static uint64_t change_range(const struct page_table *table, uint64_t start, uint64_t end,
                             uint32_t flags)
{
    struct translation_change change;
    uint64_t address = start, count = 0;
    uint64_t *entry;
    change.count = 0;
    while ((entry = entry_find(table->root, &address, end)) != NULL) {
        uint64_t limit = span_end(address, 1) < end ? span_end(address, 1) : end;
        for (; address < limit; address += PAGE_SIZE, entry++) {
            if (*entry == 0)
                continue;
            change_entry(entry, address, flags, &change);
            count++;
        }
    }
    if (change.count != 0)
        arch_translation_forget(table, &change);
    return count;
}

uint64_t arch_table_unmap(struct page_table *table, uint64_t start, uint64_t end)
{
    uint64_t count = change_range(table, start, end, 0);
    table->resident_pages -= count;
    return count;
}

uint64_t arch_table_protect(struct page_table *table, uint64_t start, uint64_t end, uint32_t flags)
{
    if ((flags & RIGHTS) == 0)
        return arch_table_unmap(table, start, end);
    return change_range(table, start, end, flags & RIGHTS);
}

uint64_t arch_table_next(const struct page_table *table, uint64_t address, uint64_t end)
{
    return entry_find(table->root, &address, end) != NULL ? address : end;
}

uint64_t arch_table_count(const struct page_table *table, uint64_t start, uint64_t end)
{
    return change_range(table, start, end, RIGHTS);
}
