/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64 page tables (Arm ARM, VMSAv8-64, 4 KiB granule): four levels of 512
 * entries, 4 KiB pages in user space.
 *
 * The kernel's half has tables of its own, loaded once. Tables below a space's
 * root stay until the space ends. What cannot be read is not present. A page's
 * place changes only by way of an entry that is not valid (break before make).
 * A page that becomes executable is made visible to instruction fetches.
 */
#include <arch/page_table.h>

#include "arm.h"
#include "context.h"

#include <kernel/log.h>
#include <kernel/page.h>
#include <stdatomic.h>

#define ENTRY_VALID (UINT64_C(1) << 0)
#define ENTRY_TABLE (UINT64_C(1) << 1)  /* at level 0: a page */
#define ENTRY_DEVICE (UINT64_C(1) << 2) /* index 1 of MAIR_EL1; 0 is normal memory */
#define ENTRY_USER (UINT64_C(1) << 6)
#define ENTRY_READ_ONLY (UINT64_C(1) << 7)
#define ENTRY_SHARED (UINT64_C(3) << 8) /* inner shareable */
#define ENTRY_ACCESSED (UINT64_C(1) << 10)
#define ENTRY_NOT_GLOBAL (UINT64_C(1) << 11)
#define ENTRY_KERNEL_NO_EXECUTE (UINT64_C(1) << 53)
#define ENTRY_NO_EXECUTE (UINT64_C(1) << 54)
#define ENTRY_ADDRESS UINT64_C(0x0000fffffffff000)
#define ENTRY_PAGE (ENTRY_VALID | ENTRY_TABLE | ENTRY_SHARED | ENTRY_ACCESSED)

#define IDENTIFIER_SHIFT 48 /* in TTBR0_EL1 and TLB instructions */

#define TABLE_ENTRIES 512
#define TOP_LEVEL (ARCH_PAGE_LEVELS - 1)

/* Above this many pages, forgetting the whole address space is cheaper. */
#define FLUSH_PAGES_MAX 16

/* CTR_EL0: what is not needed for instructions to be seen, and the shortest line's words. */
#define CACHE_LINE(type) (UINT64_C(4) << ((type) >> 16 & 15))
#define CACHE_CLEAN_NOT_NEEDED (UINT64_C(1) << 28)
#define CACHE_INVALIDATION_NOT_NEEDED (UINT64_C(1) << 29)

/* What a CPU has loaded that runs no thread. */
static const uint64_t empty_table[TABLE_ENTRIES] __attribute__((aligned(4096)));

uint64_t image_displacement;

static uint64_t entry_span(unsigned level)
{
    return PAGE_SIZE << 9 * level;
}

static uint64_t *entry_of(uint64_t table, uint64_t address, unsigned level)
{
    uint64_t *entries = arch_physical_to_virtual(table & ENTRY_ADDRESS);
    return &entries[(address / entry_span(level)) % TABLE_ENTRIES];
}

static uint64_t entry_make(uint64_t physical, uint32_t flags)
{
    uint64_t entry = physical | ENTRY_PAGE | ENTRY_USER | ENTRY_NOT_GLOBAL;
    entry |= ENTRY_KERNEL_NO_EXECUTE;
    if ((flags & (PTE_READ | PTE_WRITE | PTE_EXECUTE)) == 0)
        return 0;
    entry |= (flags & PTE_WRITE) != 0 ? 0 : ENTRY_READ_ONLY;
    entry |= (flags & PTE_EXECUTE) != 0 ? 0 : ENTRY_NO_EXECUTE;
    entry |= (flags & PTE_DEVICE) != 0 ? ENTRY_DEVICE : 0;
    return entry;
}

/* The translation cache. */

static void flush_begin(void)
{
    __asm__ volatile("dsb ishst" : : : "memory");
}

static void flush_end(void)
{
    __asm__ volatile("dsb ish; isb" : : : "memory");
}

/* The identifier it had last, where TLB instructions want it; 0 if it never had one. */
static uint64_t identifier_of(const struct page_table *table)
{
    uint64_t context = atomic_load_explicit(&table->context, memory_order_relaxed);
    return (context & CONTEXT_IDENTIFIER_MASK) << IDENTIFIER_SHIFT;
}

static void flush_page(const struct page_table *table, uint64_t address)
{
    uint64_t operand = identifier_of(table) | address >> PAGE_SHIFT;
    __asm__ volatile("tlbi vale1is, %0" : : "r"(operand) : "memory");
}

static void flush_space(const struct page_table *table)
{
    __asm__ volatile("tlbi aside1is, %0" : : "r"(identifier_of(table)) : "memory");
}

void context_forget_all(void)
{
    flush_begin();
    __asm__ volatile("tlbi vmalle1is" : : : "memory");
    flush_end();
}

uint32_t context_count(void)
{
    return ARM_FIELD("id_aa64mmfr0_el1", 4) == 2 ? 65536 : 256;
}

/* Instructions that were stored into a page as data, seen by every CPU's fetches. */
static void make_fetchable(uint64_t physical)
{
    uint64_t type = ARM_READ("ctr_el0"), start = (uint64_t)arch_physical_to_virtual(physical);
    if ((type & CACHE_CLEAN_NOT_NEEDED) == 0)
        for (uint64_t line = start; line < start + PAGE_SIZE; line += CACHE_LINE(type))
            __asm__ volatile("dc cvau, %0" : : "r"(line) : "memory");
    __asm__ volatile("dsb ish" : : : "memory");
    if ((type & CACHE_INVALIDATION_NOT_NEEDED) == 0)
        __asm__ volatile("ic ialluis; dsb ish" : : : "memory");
    arm_synchronize();
}

/* Tables. */

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
    return table_create(account, &table->root);
}

/* A table and what is below it; pages are not its business. */
static void table_free(uint64_t table, unsigned level)
{
    const uint64_t *entry = arch_physical_to_virtual(table & ENTRY_ADDRESS);
    for (unsigned i = 0; level > 0 && i < TABLE_ENTRIES; i++) {
        if ((entry[i] & ENTRY_VALID) != 0)
            table_free(entry[i], level - 1);
    }
    page_release(page_of_physical(table & ENTRY_ADDRESS));
}

void arch_table_free(struct page_table *table)
{
    table_free(table->root, TOP_LEVEL);
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
            flush_begin(); /* the zeroes are there before the table is */
            *entry = created | ENTRY_VALID | ENTRY_TABLE;
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
        while (level > 0 && (*entry & ENTRY_VALID) != 0) {
            level--;
            entry = entry_of(*entry, *address, level);
        }
        if (level == 0)
            return entry;
        *address = (*address & ~(entry_span(level) - 1)) + entry_span(level);
    }
    return NULL;
}

static void entry_replace(const struct page_table *table, uint64_t address, uint64_t *entry,
                          uint64_t made)
{
    if (*entry != 0) {
        *entry = 0;
        flush_begin();
        flush_page(table, address);
        flush_end();
    }
    *entry = made;
    flush_begin();
    arm_synchronize();
}

enum status arch_table_map(struct page_table *table, uint64_t address, uint64_t physical,
                           uint32_t flags)
{
    uint64_t *entry;
    enum status status = entry_create(table->root, table->account, address, &entry);
    if (status != STATUS_OK)
        return status;
    uint64_t made = entry_make(physical, flags);
    if (made == *entry)
        return STATUS_OK;
    if ((flags & PTE_EXECUTE) != 0)
        make_fetchable(physical);
    table->resident_pages += (made != 0) - (uint64_t)(*entry != 0);
    entry_replace(table, address, entry, made);
    return STATUS_OK;
}

bool arch_table_lookup(const struct page_table *table, uint64_t address, uint64_t *physical,
                       uint32_t *flags)
{
    const uint64_t *entry = entry_find(table->root, &address, address + 1);
    if (entry == NULL || *entry == 0)
        return false;
    *physical = *entry & ENTRY_ADDRESS;
    *flags = PTE_READ;
    *flags |= (*entry & ENTRY_READ_ONLY) != 0 ? 0 : PTE_WRITE;
    *flags |= (*entry & ENTRY_NO_EXECUTE) != 0 ? 0 : PTE_EXECUTE;
    *flags |= (*entry & ENTRY_DEVICE) != 0 ? PTE_DEVICE : 0;
    return true;
}

/* What is done to each entry of a range, and what has to be flushed for it. */
struct change {
    uint64_t keep, add; /* entry = (entry & keep) | add */
    uint64_t count;     /* entries that were present */
    uint64_t changed;
    uint64_t addresses[FLUSH_PAGES_MAX]; /* the first that changed */
};

static void change_entry(struct change *change, uint64_t *entry, uint64_t address)
{
    uint64_t value = (*entry & change->keep) | change->add;
    if (*entry == 0)
        return;
    change->count++;
    if (value == *entry)
        return;
    *entry = value;
    if (change->changed < FLUSH_PAGES_MAX)
        change->addresses[change->changed] = address;
    change->changed++;
}

static void flush_change(const struct page_table *table, const struct change *change)
{
    if (change->changed == 0)
        return;
    flush_begin();
    if (change->changed > FLUSH_PAGES_MAX)
        flush_space(table);
    for (uint64_t i = 0; i < change->changed && change->changed <= FLUSH_PAGES_MAX; i++)
        flush_page(table, change->addresses[i]);
    flush_end();
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
    flush_change(table, change);
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
        change.add |= ENTRY_READ_ONLY;
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

void arch_table_switch(struct page_table *table)
{
    uint64_t loaded = table == NULL
                          ? arch_virtual_to_physical(empty_table)
                          : table->root | context_choose(&table->context) << IDENTIFIER_SHIFT;
    ARM_WRITE("ttbr0_el1", loaded);
    arm_synchronize();
}

/* Device registers get a range of the kernel's device area each and keep it. */
void *arch_map_device(uint64_t physical, uint64_t size)
{
    static uint64_t next = LAYOUT_DEVICES;
    uint64_t first = physical & ~(PAGE_SIZE - 1), offset = physical - first, start = next;
    for (; first < physical + size; first += PAGE_SIZE, next += PAGE_SIZE) {
        uint64_t *entry;
        if (entry_create(ARM_READ("ttbr1_el1"), NULL, next, &entry) != STATUS_OK)
            panic("no memory to map device registers at %#lx", physical);
        *entry = first | ENTRY_PAGE | ENTRY_DEVICE | ENTRY_NO_EXECUTE | ENTRY_KERNEL_NO_EXECUTE;
    }
    flush_begin();
    arm_synchronize();
    return (void *)(start + offset);
}
