/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V page tables (privileged specification 1.12, section 4.4): Sv39, three levels
 * of 512 entries, 4 KiB pages in user space.
 *
 * The upper half of each top-level table is the kernel's, copied from the boot
 * tables and the same for ever. Tables below stay until the space ends.
 *
 * A new entry is not flushed. A CPU that remembers that there was none faults once
 * more, and then the entry is there already, which is a change like any other.
 */
#include <arch/page_table.h>

#include "riscv.h"
#include <arch/layout.h>
#include <arch/startup.h>
#include <arch/translation.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <kernel/string.h>

#define TABLE_ENTRIES 512
#define TOP_LEVEL (ARCH_PAGE_LEVELS - 1)
#define KERNEL_FIRST_ENTRY (TABLE_ENTRIES / 2)

static uint64_t entry_span(unsigned level)
{
    return PAGE_SIZE << 9 * level;
}

static uint64_t *entry_of(uint64_t table, uint64_t address, unsigned level)
{
    uint64_t *entries = arch_physical_to_virtual(table);
    return &entries[(address / entry_span(level)) % TABLE_ENTRIES];
}

/* What may be written is readable: the other is no entry. */
static uint64_t entry_make(uint64_t physical, uint32_t flags)
{
    uint64_t entry = entry_of_physical(physical) | ENTRY_USER | ENTRY_READ | ENTRY_ACCESSED;
    entry |= (flags & (PTE_READ | PTE_WRITE | PTE_EXECUTE)) != 0 ? ENTRY_VALID : 0;
    entry |= (flags & PTE_WRITE) != 0 ? ENTRY_WRITE | ENTRY_DIRTY : 0;
    entry |= (flags & PTE_EXECUTE) != 0 ? ENTRY_EXECUTE : 0;
    entry |= (flags & PTE_DEVICE) != 0 ? ENTRY_DEVICE : 0;
    return entry;
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
    const uint64_t *from = arch_physical_to_virtual(riscv_kernel_root());
    memcpy(to + KERNEL_FIRST_ENTRY, from + KERNEL_FIRST_ENTRY,
           (TABLE_ENTRIES - KERNEL_FIRST_ENTRY) * sizeof(*to));
    return STATUS_OK;
}

/* A table and what is below it; pages are not its business. */
static void table_free(uint64_t table, unsigned level, unsigned entries)
{
    const uint64_t *entry = arch_physical_to_virtual(table);
    for (unsigned i = 0; level > 0 && i < entries; i++) {
        if ((entry[i] & ENTRY_VALID) != 0)
            table_free(entry_physical(entry[i]), level - 1, TABLE_ENTRIES);
    }
    page_release(page_of_physical(table));
}

void arch_table_free(struct page_table *table)
{
    table_free(table->root, TOP_LEVEL, KERNEL_FIRST_ENTRY);
    *table = (struct page_table){0};
}

/* The entry of a page, with the tables down to it made. */
static enum status entry_create(uint64_t root, struct account *account, uint64_t address,
                                uint64_t **result)
{
    uint64_t *entry = entry_of(root, address, TOP_LEVEL);
    for (unsigned level = TOP_LEVEL; level > 0; level--) {
        if ((*entry & ENTRY_VALID) == 0) {
            uint64_t created;
            enum status status = table_create(account, &created);
            if (status != STATUS_OK)
                return status;
            *entry = entry_of_physical(created) | ENTRY_VALID;
        }
        entry = entry_of(entry_physical(*entry), address, level - 1);
    }
    *result = entry;
    return STATUS_OK;
}

/* The entry of the first page in [*address, end) for which there is a table; NULL if none has one. */
static uint64_t *entry_find(uint64_t root, uint64_t *address, uint64_t end)
{
    while (*address < end) {
        unsigned level = TOP_LEVEL;
        uint64_t *entry = entry_of(root, *address, level);
        while (level > 0 && (*entry & ENTRY_VALID) != 0) {
            level--;
            entry = entry_of(entry_physical(*entry), *address, level);
        }
        if (level == 0)
            return entry;
        *address = (*address & ~(entry_span(level) - 1)) + entry_span(level);
    }
    return NULL;
}

enum status arch_table_map(struct page_table *table, uint64_t address, uint64_t physical,
                           uint32_t flags)
{
    uint64_t *entry;
    enum status status = entry_create(table->root, table->account, address, &entry);
    if (status != STATUS_OK)
        return status;
    bool present = (*entry & ENTRY_VALID) != 0;
    *entry = entry_make(physical, flags);
    table->resident_pages += !present;
    if (present)
        riscv_translation_flush(table, address, address + PAGE_SIZE);
    if ((flags & PTE_EXECUTE) != 0)
        riscv_fetch_anew(table);
    return STATUS_OK;
}

bool arch_table_lookup(const struct page_table *table, uint64_t address, uint64_t *physical,
                       uint32_t *flags)
{
    const uint64_t *entry = entry_find(table->root, &address, address + 1);
    if (entry == NULL || (*entry & ENTRY_VALID) == 0)
        return false;
    *physical = entry_physical(*entry);
    *flags = PTE_READ;
    *flags |= (*entry & ENTRY_WRITE) != 0 ? PTE_WRITE : 0;
    *flags |= (*entry & ENTRY_EXECUTE) != 0 ? PTE_EXECUTE : 0;
    *flags |= (*entry & ENTRY_DEVICE) != 0 ? PTE_DEVICE : 0;
    return true;
}

/* What is done to each entry of a range, and what has to be flushed for it. */
struct change {
    uint64_t keep;       /* entry = entry & keep */
    uint64_t count;      /* entries that were present */
    uint64_t start, end; /* those that changed lie here; nothing has while end is 0 */
};

static void change_entry(struct change *change, uint64_t *entry, uint64_t address)
{
    uint64_t value = *entry & change->keep;
    if ((*entry & ENTRY_VALID) == 0)
        return;
    change->count++;
    if (value == *entry)
        return;
    *entry = (value & ENTRY_VALID) != 0 ? value : 0;
    if (change->end == 0)
        change->start = address;
    change->end = address + PAGE_SIZE;
}

static void change_range(const struct page_table *table, uint64_t start, uint64_t end,
                         struct change *change)
{
    uint64_t address = start;
    uint64_t *entry;
    while ((entry = entry_find(table->root, &address, end)) != NULL) {
        uint64_t limit = (address & ~(entry_span(1) - 1)) + entry_span(1);
        if (limit > end)
            limit = end;
        for (; address < limit; address += PAGE_SIZE, entry++)
            change_entry(change, entry, address);
    }
    if (change->end != 0)
        riscv_translation_flush(table, change->start, change->end);
}

uint64_t arch_table_unmap(struct page_table *table, uint64_t start, uint64_t end)
{
    struct change change = {.keep = 0};
    change_range(table, start, end, &change);
    table->resident_pages -= change.count;
    return change.count;
}

uint64_t arch_table_protect(struct page_table *table, uint64_t start, uint64_t end, uint32_t flags)
{
    if ((flags & (PTE_READ | PTE_WRITE | PTE_EXECUTE)) == 0)
        return arch_table_unmap(table, start, end);
    struct change change = {.keep = ~UINT64_C(0)};
    if ((flags & PTE_WRITE) == 0)
        change.keep &= ~ENTRY_WRITE;
    if ((flags & PTE_EXECUTE) == 0)
        change.keep &= ~ENTRY_EXECUTE;
    change_range(table, start, end, &change);
    return change.count;
}

uint64_t arch_table_next(const struct page_table *table, uint64_t address, uint64_t end)
{
    return entry_find(table->root, &address, end) != NULL ? address : end;
}

uint64_t arch_table_count(const struct page_table *table, uint64_t start, uint64_t end)
{
    struct change change = {.keep = ~UINT64_C(0)};
    change_range(table, start, end, &change);
    return change.count;
}

/* Each thing in the device area gets a range of it, with nothing before it, and keeps it. */
static uint64_t map_kernel(uint64_t physical, uint64_t size)
{
    static uint64_t next = LAYOUT_DEVICES;
    uint64_t start = next += PAGE_SIZE;
    for (uint64_t end = physical + size; physical < end; physical += PAGE_SIZE, next += PAGE_SIZE) {
        uint64_t *entry;
        if (entry_create(riscv_kernel_root(), NULL, next, &entry) != STATUS_OK)
            panic("no memory to map %#llx for the kernel", (unsigned long long)physical);
        *entry = entry_of_physical(physical) | ENTRY_VALID | ENTRY_READ | ENTRY_WRITE |
                 ENTRY_ACCESSED | ENTRY_DIRTY | ENTRY_GLOBAL;
    }
    __asm__ volatile("sfence.vma" : : : "memory");
    return start;
}

void *arch_map_device(uint64_t physical, uint64_t size)
{
    uint64_t first = physical & ~(PAGE_SIZE - 1), offset = physical - first;
    return (void *)(map_kernel(first, size + offset) + offset);
}

uint64_t riscv_map_stack(uint64_t physical, uint64_t size)
{
    return map_kernel(physical, size);
}
