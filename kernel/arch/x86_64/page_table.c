/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64 page tables (Intel SDM volume 3, chapter 4.5): four levels of 512
 * entries, 4 KiB pages in user space.
 *
 * The upper half of each top-level table is the kernel's, copied from the boot
 * tables and the same for ever. Tables below stay until the space ends. What
 * cannot be read is not present: there is no other way to say so.
 *
 * Only CPUs that have a table loaded have anything of it cached: there are no
 * address space ids yet. Each change asks them all once, whatever it covers, and
 * has them forget single pages or, above a number, everything. A CPU that loads
 * the table says so first, so it either is asked or reads what was changed. Where
 * only rights are added nobody is asked: who has less cached faults and finds more.
 */
#include <arch/page_table.h>

#include "x86.h"
#include <arch/layout.h>
#include <arch/translation.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <kernel/string.h>

#define ENTRY_PRESENT (UINT64_C(1) << 0)
#define ENTRY_WRITE (UINT64_C(1) << 1)
#define ENTRY_USER (UINT64_C(1) << 2)
#define ENTRY_WRITE_THROUGH (UINT64_C(1) << 3)
#define ENTRY_UNCACHED (UINT64_C(1) << 4)
#define ENTRY_ACCESSED (UINT64_C(1) << 5)
#define ENTRY_DIRTY (UINT64_C(1) << 6)
#define ENTRY_GLOBAL (UINT64_C(1) << 8)
#define ENTRY_NO_EXECUTE (UINT64_C(1) << 63)
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)

#define TABLE_ENTRIES 512
#define TOP_LEVEL (ARCH_PAGE_LEVELS - 1)
#define KERNEL_FIRST_ENTRY (TABLE_ENTRIES / 2)

/* Above this many pages, reloading the whole translation cache is cheaper. */
#define FLUSH_PAGES_MAX 16

/* The boot tables: what a CPU has loaded that runs no thread. */
static uint64_t kernel_root;

static uint64_t entry_span(unsigned level)
{
    return PAGE_SIZE << 9 * level;
}

static uint64_t *entry_of(uint64_t table, uint64_t address, unsigned level)
{
    uint64_t *entries = arch_physical_to_virtual(table & ENTRY_ADDRESS);
    return &entries[(address / entry_span(level)) % TABLE_ENTRIES];
}

void x86_table_init(void)
{
    kernel_root = translation_root();
}

static uint64_t entry_make(uint64_t physical, uint32_t flags)
{
    uint64_t entry = physical | ENTRY_USER;
    entry |= (flags & (PTE_READ | PTE_WRITE | PTE_EXECUTE)) != 0 ? ENTRY_PRESENT : 0;
    entry |= (flags & PTE_WRITE) != 0 ? ENTRY_WRITE : 0;
    entry |= (flags & PTE_EXECUTE) != 0 ? 0 : ENTRY_NO_EXECUTE;
    entry |= (flags & PTE_DEVICE) != 0 ? ENTRY_UNCACHED | ENTRY_WRITE_THROUGH : 0;
    return entry;
}

static uint64_t entry_read(const uint64_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
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
    const uint64_t *from = arch_physical_to_virtual(kernel_root);
    memcpy(to + KERNEL_FIRST_ENTRY, from + KERNEL_FIRST_ENTRY,
           (TABLE_ENTRIES - KERNEL_FIRST_ENTRY) * sizeof(*to));
    return STATUS_OK;
}

/* A table and what is below it; pages are not its business. */
static void table_free(uint64_t table, unsigned level, unsigned entries)
{
    const uint64_t *entry = arch_physical_to_virtual(table & ENTRY_ADDRESS);
    for (unsigned i = 0; level > 0 && i < entries; i++) {
        if ((entry[i] & ENTRY_PRESENT) != 0)
            table_free(entry[i], level - 1, TABLE_ENTRIES);
    }
    page_release(page_of_physical(table & ENTRY_ADDRESS));
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
        if ((*entry & ENTRY_PRESENT) == 0) {
            uint64_t created;
            enum status status = table_create(account, &created);
            if (status != STATUS_OK)
                return status;
            *entry = created | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER;
        }
        entry = entry_of(*entry, address, level - 1);
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
        while (level > 0 && (*entry & ENTRY_PRESENT) != 0) {
            level--;
            entry = entry_of(*entry, *address, level);
        }
        if (level == 0)
            return entry;
        *address = (*address & ~(entry_span(level) - 1)) + entry_span(level);
    }
    return NULL;
}

/* What is done to each entry of a range, and what has to be forgotten for it. */
struct change {
    uint64_t keep, add; /* entry = (entry & keep) | add */
    uint64_t count;     /* entries that were present */
    uint64_t changed;
    uint64_t addresses[FLUSH_PAGES_MAX]; /* the first that changed */
};

static void change_forget(void *argument)
{
    const struct change *change = argument;
    if (change->changed > FLUSH_PAGES_MAX) {
        translation_load(translation_root());
        return;
    }
    for (uint64_t i = 0; i < change->changed; i++)
        translation_forget(change->addresses[i]);
}

/* On every CPU that may have it cached, before this returns. */
static void change_finish(const struct page_table *table, struct change *change)
{
    if (change->changed == 0)
        return;
    uint64_t self = UINT64_C(1) << cpu_current()->number;
    uint64_t cpus = atomic_load(&table->cpus);
    if ((cpus & self) != 0)
        change_forget(change);
    if ((cpus & ~self) != 0)
        x86_ask(cpus & ~self, change_forget, change);
}

/* Whether who has the old entry cached would only be refused what is allowed now. */
static bool only_adds(uint64_t old, uint64_t made)
{
    return ((old ^ made) & ~(ENTRY_WRITE | ENTRY_NO_EXECUTE | ENTRY_ACCESSED | ENTRY_DIRTY)) == 0 &&
           (old & ~made & ENTRY_WRITE) == 0 && (made & ~old & ENTRY_NO_EXECUTE) == 0;
}

enum status arch_table_map(struct page_table *table, uint64_t address, uint64_t physical,
                           uint32_t flags)
{
    uint64_t *entry;
    enum status status = entry_create(table->root, table->account, address, &entry);
    if (status != STATUS_OK)
        return status;
    uint64_t made = entry_make(physical, flags), old = entry_read(entry);
    if (made == (old & ~(ENTRY_ACCESSED | ENTRY_DIRTY)))
        return STATUS_OK;
    old = __atomic_exchange_n(entry, made, __ATOMIC_SEQ_CST);
    table->resident_pages += (old & ENTRY_PRESENT) == 0;
    if ((old & ENTRY_PRESENT) == 0)
        return STATUS_OK;
    struct change change = {.changed = 1, .addresses = {address}};
    if (!only_adds(old, made))
        change_finish(table, &change);
    else if (translation_root() == table->root)
        change_forget(&change);
    return STATUS_OK;
}

bool arch_table_lookup(const struct page_table *table, uint64_t address, uint64_t *physical,
                       uint32_t *flags)
{
    const uint64_t *entry = entry_find(table->root, &address, address + 1);
    if (entry == NULL || (*entry & ENTRY_PRESENT) == 0)
        return false;
    *physical = *entry & ENTRY_ADDRESS;
    *flags = PTE_READ;
    *flags |= (*entry & ENTRY_WRITE) != 0 ? PTE_WRITE : 0;
    *flags |= (*entry & ENTRY_NO_EXECUTE) != 0 ? 0 : PTE_EXECUTE;
    *flags |= (*entry & ENTRY_UNCACHED) != 0 ? PTE_DEVICE : 0;
    return true;
}

/* The CPUs may mark it accessed or dirty at any moment. */
static void change_entry(struct change *change, uint64_t *entry, uint64_t address)
{
    uint64_t old = entry_read(entry), value;
    if ((old & ENTRY_PRESENT) == 0)
        return;
    do {
        value = (old & change->keep) | change->add;
        value = (value & ENTRY_PRESENT) != 0 ? value : 0;
    } while (value != old && !__atomic_compare_exchange_n(entry, &old, value, true,
                                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    change->count++;
    if (value == old)
        return;
    if (change->changed < FLUSH_PAGES_MAX)
        change->addresses[change->changed] = address;
    change->changed++;
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
    change_finish(table, change);
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
        change.add |= ENTRY_NO_EXECUTE;
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

/* NULL: the boot tables, whose users nobody needs to know. */
void arch_table_switch(struct page_table *table)
{
    struct cpu *cpu = cpu_current();
    struct page_table *loaded = cpu->arch.table;
    uint64_t bit = UINT64_C(1) << cpu->number;
    if (table == loaded)
        return;
    if (table != NULL)
        atomic_fetch_or(&table->cpus, bit);
    translation_load(table != NULL ? table->root : kernel_root);
    cpu->arch.table = table;
    if (loaded != NULL)
        atomic_fetch_and(&loaded->cpus, ~bit);
}

/* Each thing in the device area gets a range of it, with nothing before it, and keeps it. */
static uint64_t map_kernel(uint64_t physical, uint64_t size, uint64_t flags)
{
    static uint64_t next = LAYOUT_DEVICES;
    uint64_t start = next += PAGE_SIZE;
    for (uint64_t end = physical + size; physical < end; physical += PAGE_SIZE, next += PAGE_SIZE) {
        uint64_t *entry;
        if (entry_create(kernel_root, NULL, next, &entry) != STATUS_OK)
            panic("no memory to map %#llx for the kernel", (unsigned long long)physical);
        *entry = physical | flags | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_GLOBAL | ENTRY_NO_EXECUTE;
    }
    return start;
}

void *arch_map_device(uint64_t physical, uint64_t size)
{
    uint64_t first = physical & ~(PAGE_SIZE - 1), offset = physical - first;
    return (void *)(map_kernel(first, size + offset, ENTRY_UNCACHED | ENTRY_WRITE_THROUGH) +
                    offset);
}

uint64_t x86_map_stack(uint64_t physical, uint64_t size)
{
    return map_kernel(physical, size, 0);
}
