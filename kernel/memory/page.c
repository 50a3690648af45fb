/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The page allocator: binary buddies (Knowlton, 1965).
 *
 * RAM is a few ranges, each with its array of struct page, carved at boot out
 * of the largest free piece. A free block of 2^order pages is on the list of its
 * order, its first page marked PAGE_FREE; its buddy is found by flipping bit
 * `order` of the page number. Each NUMA node has ranges and lists of its own, and the nodes
 * are asked in the order of their distance from the one that is wished. What is not FREE in the boot information (kernel,
 * archive) has pages too, with a reference that is never dropped, so that it
 * can be mapped like any other page.
 */
#include <kernel/page.h>

#include <arch/page_table.h>
#include <kernel/account.h>
#include <kernel/cpu.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/pager.h>
#include <kernel/relaxed.h>
#include <kernel/string.h>
#include <trellis/boot_info.h>

struct page_range {
    uint64_t first, end; /* page numbers */
    struct page *pages;
    uint32_t node;
};

static struct spinlock pages_lock = SPINLOCK_INITIAL(LOCK_PAGES);
static struct page_range ranges[BOOT_MEMORY_RANGES]; /* constant after page_init */
static unsigned range_count;
static struct list free_blocks[BOOT_NODES][PAGE_ORDER_MAX + 1]; /* lock */
static uint64_t free_counts[BOOT_NODES];                        /* lock; of the nodes */
static const struct boot_info *nodes;                           /* constant */
static uint64_t total_count;
static uint64_t fail_countdown; /* tests only */

/* The arrays of the ranges follow each other. Most memory is above the rest, in the last range. */
static const struct page_range *range_of_page(const struct page *page)
{
    const struct page_range *range = &ranges[range_count - 1];
    while (page < range->pages)
        range--;
    debug_assert(range >= ranges && page < range->pages + (range->end - range->first));
    return range;
}

uint64_t page_physical(const struct page *page)
{
    const struct page_range *range = range_of_page(page);
    return (range->first + (uint64_t)(page - range->pages)) << PAGE_SHIFT;
}

struct page *page_of_physical(uint64_t physical)
{
    uint64_t number = physical >> PAGE_SHIFT;
    for (unsigned i = range_count; i-- > 0;) {
        if (number >= ranges[i].first && number < ranges[i].end)
            return &ranges[i].pages[number - ranges[i].first];
    }
    return NULL;
}

bool page_range_has_ram(uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < range_count; i++) {
        if (start < ranges[i].end << PAGE_SHIFT && end > ranges[i].first << PAGE_SHIFT)
            return true;
    }
    return false;
}

void *page_address(const struct page *page)
{
    return arch_physical_to_virtual(page_physical(page));
}

uint64_t page_count_total(void)
{
    return total_count;
}

uint64_t page_count_free_of(uint32_t node)
{
    return relaxed_load(&free_counts[node]);
}

uint64_t page_count_free(void)
{
    uint64_t count = 0;
    for (uint32_t node = 0; node < nodes->node_count; node++)
        count += page_count_free_of(node);
    return count;
}

void page_fail_after(uint64_t n)
{
    fail_countdown = n;
}

bool page_fails_now(void)
{
    return fail_countdown != 0 && --fail_countdown == 0;
}

static void block_insert(struct page *page, unsigned order)
{
    page->order = (uint8_t)order;
    page->flags |= PAGE_FREE;
    list_push_front(&free_blocks[page->node][order], &page->link);
    relaxed_add(&free_counts[page->node], UINT64_C(1) << order);
}

static void block_remove(struct page *page)
{
    list_remove(&page->link);
    page->flags &= (uint8_t)~PAGE_FREE;
    relaxed_add(&free_counts[page->node], -(UINT64_C(1) << page->order));
}

/* The whole buddy of a block, if it is free; NULL otherwise. */
static struct page *block_free_buddy(const struct page_range *range, uint64_t number,
                                     unsigned order)
{
    uint64_t buddy = number ^ UINT64_C(1) << order;
    if (buddy < range->first || buddy >= range->end)
        return NULL;
    struct page *page = &range->pages[buddy - range->first];
    return (page->flags & PAGE_FREE) != 0 && page->order == order ? page : NULL;
}

static void block_free(struct page *page, unsigned order)
{
    const struct page_range *range = range_of_page(page);
    uint64_t number = range->first + (uint64_t)(page - range->pages);
    for (; order < PAGE_ORDER_MAX; order++) {
        struct page *buddy = block_free_buddy(range, number, order);
        if (buddy == NULL)
            break;
        block_remove(buddy);
        number &= ~(UINT64_C(1) << order);
    }
    block_insert(&range->pages[number - range->first], order);
}

/* A block of this order of a node, splitting a larger one if need be; NULL if there is none. */
static struct page *block_take(uint32_t node, unsigned order)
{
    unsigned found = order;
    while (found <= PAGE_ORDER_MAX && list_is_empty(&free_blocks[node][found]))
        found++;
    if (found > PAGE_ORDER_MAX)
        return NULL;
    struct page *page = container_of(list_first(&free_blocks[node][found]), struct page, link);
    block_remove(page);
    while (found > order) {
        found--;
        block_insert(page + (UINT64_C(1) << found), found);
    }
    page->order = (uint8_t)order;
    return page;
}

enum status page_allocate(struct account *account, unsigned order, int node, struct page **result)
{
    assert(order <= PAGE_ORDER_MAX && node >= PAGE_NODE_ANY);
    if (page_fails_now())
        return STATUS_NO_MEMORY;
    enum status status = account_charge(account, ALLOW_PAGES, UINT64_C(1) << order);
    if (status != STATUS_OK)
        return status;
    uint32_t wished = node == PAGE_NODE_ANY ? cpu_current()->node : (uint32_t)node;
    const uint8_t *nearest = &nodes->nearest[wished * BOOT_NODES];
    struct page *page = NULL;
    lock_acquire(&pages_lock);
    for (uint32_t i = 0; i < nodes->node_count && page == NULL; i++)
        page = block_take(nearest[i], order);
    lock_release(&pages_lock);
    if (page == NULL) {
        account_uncharge(account, ALLOW_PAGES, UINT64_C(1) << order);
        return STATUS_NO_MEMORY;
    }
    if (account != NULL)
        object_acquire(&account->object);
    page->account = account;
    relaxed_store(&page->paging, PAGE_CLEAN);
    atomic_store_explicit(&page->references, 1, memory_order_relaxed);
    *result = page;
    return STATUS_OK;
}

enum status page_allocate_zeroed(struct account *account, struct page **result)
{
    enum status status = page_allocate(account, 0, PAGE_NODE_ANY, result);
    if (status == STATUS_OK)
        memset(page_address(*result), 0, PAGE_SIZE);
    return status;
}

void page_split(struct page *block)
{
    for (struct page *page = block, *end = block + (UINT64_C(1) << block->order); page < end;
         page++) {
        if (page != block && block->account != NULL)
            object_acquire(&block->account->object);
        page->account = block->account;
        page->order = 0;
        relaxed_store(&page->paging, PAGE_RAW);
        atomic_store_explicit(&page->references, 1, memory_order_relaxed);
    }
}

void page_acquire(struct page *page)
{
    atomic_fetch_add_explicit(&page->references, 1, memory_order_relaxed);
}

void page_release(struct page *page)
{
    if (atomic_fetch_sub_explicit(&page->references, 1, memory_order_acq_rel) != 1)
        return;
    struct account *account = page->account;
    unsigned order = page->order;
    lock_acquire(&pages_lock);
    block_free(page, order);
    lock_release(&pages_lock);
    account_uncharge(account, ALLOW_PAGES, UINT64_C(1) << order);
    if (account != NULL)
        object_release(&account->object);
}

/* Boot. */

static bool kind_is_ram(uint32_t kind)
{
    return kind == BOOT_MEMORY_FREE || kind == BOOT_MEMORY_KERNEL || kind == BOOT_MEMORY_ARCHIVE;
}

static void ranges_collect(const struct boot_info *boot)
{
    range_count = 0;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *memory = &boot->memory[i];
        uint64_t first = memory->start >> PAGE_SHIFT, end = memory->end >> PAGE_SHIFT;
        if (!kind_is_ram(memory->kind) || first == end)
            continue;
        const struct page_range *last = &ranges[range_count - (range_count != 0)];
        bool joins = range_count != 0 && last->end == first && last->node == memory->node;
        if (!joins)
            ranges[range_count++] = (struct page_range){.first = first, .node = memory->node};
        ranges[range_count - 1].end = end;
        total_count += end - first;
    }
}

static const struct boot_memory *largest_free(const struct boot_info *boot)
{
    const struct boot_memory *best = NULL;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *memory = &boot->memory[i];
        bool larger = best == NULL || memory->end - memory->start > best->end - best->start;
        if (memory->kind == BOOT_MEMORY_FREE && larger)
            best = memory;
    }
    return best;
}

/* Put the arrays at the end of the largest free piece; returns where they begin, in pages. */
static uint64_t ranges_place_arrays(const struct boot_memory *home)
{
    uint64_t size = total_count * sizeof(struct page);
    uint64_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    if (home == NULL || home->end - home->start < pages << PAGE_SHIFT)
        panic("no room for %llu pages of page descriptors", (unsigned long long)pages);
    uint64_t start = home->end - (pages << PAGE_SHIFT);
    struct page *array = arch_physical_to_virtual(start);
    memset(array, 0, pages << PAGE_SHIFT);
    for (unsigned i = 0; i < range_count; i++) {
        ranges[i].pages = array;
        for (uint64_t left = ranges[i].end - ranges[i].first; left > 0; left--)
            (array++)->node = (uint8_t)ranges[i].node;
    }
    return start >> PAGE_SHIFT;
}

/* Free [first, end) in blocks as large and aligned as they can be. */
static void free_run(uint64_t first, uint64_t end)
{
    while (first < end) {
        unsigned order = PAGE_ORDER_MAX;
        while (order > 0 &&
               (first % (UINT64_C(1) << order) != 0 || end - first < UINT64_C(1) << order))
            order--;
        block_free(page_of_physical(first << PAGE_SHIFT), order);
        first += UINT64_C(1) << order;
    }
}

void page_init(const struct boot_info *boot)
{
    nodes = boot;
    total_count = 0;
    for (uint32_t node = 0; node < BOOT_NODES; node++) {
        free_counts[node] = 0;
        for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
            list_init(&free_blocks[node][order]);
    }
    ranges_collect(boot);
    const struct boot_memory *home = largest_free(boot);
    uint64_t arrays = ranges_place_arrays(home);
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *memory = &boot->memory[i];
        if (memory->kind == BOOT_MEMORY_FREE)
            free_run(memory->start >> PAGE_SHIFT,
                     memory == home ? arrays : memory->end >> PAGE_SHIFT);
        else if (kind_is_ram(memory->kind)) {
            for (uint64_t number = memory->start >> PAGE_SHIFT; number < memory->end >> PAGE_SHIFT;
                 number++)
                page_of_physical(number << PAGE_SHIFT)->references = 1;
        }
    }
}
