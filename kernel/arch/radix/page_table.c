/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Page tables of the usual form, compiled for each architecture that has them.
 *
 * Tables below a space's root stay until the space ends or a large page comes. A page's place changes only by
 * way of an entry that is 0, so that no two CPUs ever see different pages at an address;
 * what has lost rights or its page is forgotten by all CPUs before a change returns, each
 * change asking them once. Where only rights are added nobody is asked: who remembers
 * less faults, and finds more. The hardware never writes to an entry: what it would mark
 * there is set from the beginning.
 *
 * The table of level 0 that was used last is found again without a walk from the root: what
 * is mapped, touched and unmapped is close together.
 *
 * A large page is never split: what is to change in part of it, or another page in its place,
 * takes it away as a whole, and faults show the rest again.
 */
#include <arch/radix.h>

#include <arch/page_entry.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <kernel/string.h>

#define TABLE_ENTRIES 512
#define TOP_LEVEL (ARCH_PAGE_LEVELS - 1)
#define LARGE_LEVEL 1

static uint64_t entry_span(unsigned level)
{
    return PAGE_SIZE << 9 * level;
}

/* The first address behind what an entry of this level covers. */
static uint64_t span_end(uint64_t address, unsigned level)
{
    return (address & ~(entry_span(level) - 1)) + entry_span(level);
}

static bool is_large(uint64_t entry)
{
    return (entry_flags(entry) & PTE_LARGE) != 0;
}

static uint64_t entry_size(uint64_t entry)
{
    return is_large(entry) ? LARGE_PAGE_SIZE : PAGE_SIZE;
}

static uint64_t *entry_at(uint64_t table, uint64_t address, unsigned level)
{
    uint64_t *entries = arch_physical_to_virtual(table);
    return &entries[(address / entry_span(level)) % TABLE_ENTRIES];
}

/* The entry of level 0 for an address, if its table is the one that was used last; else NULL. */
static inline uint64_t *recent_entry(const struct page_table *table, uint64_t address)
{
    bool hit = (address ^ table->recent_start) < LARGE_PAGE_SIZE;
    return hit ? &table->recent[address / PAGE_SIZE % TABLE_ENTRIES] : NULL;
}

enum status arch_table_init(struct page_table *table, struct account *account)
{
    *table = (struct page_table){.account = account, .recent_start = UINT64_MAX};
    struct page *root;
    enum status status = page_allocate_zeroed(account, &root);
    if (status != STATUS_OK)
        return status;
    table->root = page_physical(root);
    uint64_t *to = arch_physical_to_virtual(table->root);
    const uint64_t *from = arch_physical_to_virtual(arch_kernel_root());
    memcpy(to + ARCH_SPACE_ENTRIES, from + ARCH_SPACE_ENTRIES,
           (TABLE_ENTRIES - ARCH_SPACE_ENTRIES) * sizeof(*to));
    return STATUS_OK;
}

/* A table and what is below it, until *limit runs out: then false. Pages are not its business. */
static bool table_free(uint64_t table, unsigned level, unsigned entries, uint32_t *limit)
{
    uint64_t *entry = arch_physical_to_virtual(table);
    for (unsigned i = 0; level > 0 && i < entries; i++) {
        if (entry[i] == 0 || is_large(entry[i]))
            continue;
        if (!table_free(entry_physical(entry[i]), level - 1, TABLE_ENTRIES, limit))
            return false;
        entry[i] = 0;
    }
    if (*limit == 0)
        return false;
    --*limit;
    page_release(page_of_physical(table));
    return true;
}

bool arch_table_free(struct page_table *table, uint32_t *limit)
{
    table->recent_start = UINT64_MAX;
    return table_free(table->root, TOP_LEVEL, ARCH_SPACE_ENTRIES, limit);
}

enum status radix_create(struct page_table *table, uint64_t address, unsigned level,
                         uint64_t **result)
{
    uint64_t *entry = entry_at(table->root, address, TOP_LEVEL);
    unsigned at = TOP_LEVEL;
    for (; at > level && !(at == LARGE_LEVEL && is_large(*entry)); at--) {
        if (*entry == 0) {
            struct page *created;
            enum status status = page_allocate_zeroed(table->account, &created);
            if (status != STATUS_OK)
                return status;
            radix_set(entry, entry_of_table(page_physical(created)));
        }
        entry = entry_at(entry_physical(*entry), address, at - 1);
    }
    if (at == 0) {
        table->recent_start = address & ~(LARGE_PAGE_SIZE - 1);
        table->recent = entry - address / PAGE_SIZE % TABLE_ENTRIES;
    }
    *result = entry;
    return STATUS_OK;
}

/* The entry of the first page in [*address, end) for which there is a table, or of a large page;
 * NULL if there is none. */
static uint64_t *entry_find(const struct page_table *table, uint64_t *address, uint64_t end)
{
    while (*address < end) {
        unsigned level = TOP_LEVEL;
        uint64_t *entry = entry_at(table->root, *address, level);
        while (level > 0 && *entry != 0 && !(level == LARGE_LEVEL && is_large(*entry))) {
            level--;
            entry = entry_at(entry_physical(*entry), *address, level);
        }
        if (level == 0 || *entry != 0)
            return entry;
        *address = span_end(*address, level);
    }
    return NULL;
}

/* No CPU has the page any more. */
static void entry_clear(struct page_table *table, uint64_t address, uint64_t *entry)
{
    struct translation_change change;
    change.count = 1;
    change.addresses[0] = address;
    radix_set(entry, 0);
    arch_translation_forget(table, &change);
}

static void entry_replace(struct page_table *table, uint64_t address, uint64_t *entry,
                          uint64_t made)
{
    uint64_t old = *entry;
    if (old != 0 && entry_reduce(made, entry_flags(old)) == old) {
        radix_set(entry, made);
        arch_translation_renew(address);
        return;
    }
    if (old != 0)
        entry_clear(table, address, entry);
    radix_set(entry, made);
    arch_translation_added();
}

/* Take away what there is of pages and the table for them, which CPUs may remember too. */
static void table_drop(struct page_table *table, uint64_t address, uint64_t *entry)
{
    struct translation_change all = {.count = UINT64_MAX};
    uint64_t old = *entry;
    arch_table_unmap(table, address, address + LARGE_PAGE_SIZE);
    table->recent_start = UINT64_MAX;
    radix_set(entry, 0);
    arch_translation_forget(table, &all);
    page_release(page_of_physical(entry_physical(old)));
}

static __attribute__((noinline)) enum status map(struct page_table *table, uint64_t address,
                                                 uint64_t physical, uint32_t flags)
{
    uint64_t *entry, made = entry_of_page(physical, flags);
    unsigned level = is_large(made);
    enum status status = radix_create(table, address, level, &entry);
    if (status == STATUS_OK && level == 0 && is_large(*entry)) {
        arch_table_unmap(table, address, address + PAGE_SIZE);
        status = radix_create(table, address, level, &entry);
    }
    if (status != STATUS_OK)
        return status;
    if (level != 0 && *entry != 0 && !is_large(*entry))
        table_drop(table, address, entry);
    if ((flags & PTE_EXECUTE) != 0 && made != *entry)
        arch_translation_fetch(table, physical);
    table->resident_pages += *entry == 0 ? entry_size(made) / PAGE_SIZE : 0;
    entry_replace(table, address, entry, made);
    return STATUS_OK;
}

enum status arch_table_map(struct page_table *table, uint64_t address, uint64_t physical,
                           uint32_t flags)
{
    debug_assert((flags & PTE_RIGHTS) != 0);
    uint64_t *entry = recent_entry(table, address);
    if (entry == NULL || *entry != 0 || (flags & (PTE_EXECUTE | PTE_LARGE)) != 0)
        return map(table, address, physical, flags);
    table->resident_pages++;
    radix_set(entry, entry_of_page(physical, flags));
    arch_translation_added();
    return STATUS_OK;
}

bool arch_table_lookup(const struct page_table *table, uint64_t address, uint64_t *physical,
                       uint32_t *flags)
{
    const uint64_t *entry = entry_find(table, &address, address + 1);
    if (entry == NULL || *entry == 0)
        return false;
    *physical = entry_physical(*entry) + (address & (entry_size(*entry) - 1));
    *flags = entry_flags(*entry);
    return true;
}

static __attribute__((noinline)) uint64_t protect(struct page_table *table, uint64_t start,
                                                  uint64_t end, uint32_t flags)
{
    struct translation_change change;
    uint64_t address = start, count = 0;
    uint32_t rights = flags & PTE_RIGHTS;
    uint64_t *entry;
    change.count = 0;
    while ((entry = entry_find(table, &address, end)) != NULL) {
        uint64_t limit = span_end(address, 1) < end ? span_end(address, 1) : end;
        bool large = is_large(*entry), part = large && limit - address != LARGE_PAGE_SIZE;
        uint64_t size = large ? limit - address : PAGE_SIZE, removed = 0;
        for (; address < limit; address += size, entry++) {
            uint64_t old = *entry;
            if (old == 0)
                continue;
            uint64_t value = rights != 0 ? entry_reduce(old, rights) : 0;
            count += size / PAGE_SIZE;
            if (value == old)
                continue;
            value = part ? 0 : value;
            removed += value == 0;
            radix_set(entry, value);
            if (change.count < TRANSLATION_PAGES_MAX)
                change.addresses[change.count] = address;
            change.count++;
        }
        table->resident_pages -= large ? removed * (LARGE_PAGE_SIZE / PAGE_SIZE) : removed;
    }
    if (change.count != 0)
        arch_translation_forget(table, &change);
    return count;
}

uint64_t arch_table_protect(struct page_table *table, uint64_t start, uint64_t end, uint32_t flags)
{
    uint64_t *entry = recent_entry(table, start);
    if (end - start != PAGE_SIZE || entry == NULL || (flags & PTE_RIGHTS) != 0)
        return protect(table, start, end, flags);
    if (*entry == 0)
        return 0;
    table->resident_pages--;
    entry_clear(table, start, entry);
    return 1;
}

uint64_t arch_table_next(const struct page_table *table, uint64_t address, uint64_t end)
{
    return entry_find(table, &address, end) != NULL ? address : end;
}
