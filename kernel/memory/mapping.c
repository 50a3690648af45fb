/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Mappings and the index to find them.
 *
 * A space's mappings are on a list by address and in a treap (Seidel and Aragon,
 * "Randomized Search Trees", 1996): a search tree by address that is a heap by
 * random priorities, and so of logarithmic depth whatever the program does. The
 * start and end of a mapping may move as long as the order stays.
 *
 * The index of a private page is free to choose, so it is taken from the address
 * modulo 16 MiB: a mapping can then also grow downwards without moving pages,
 * and two neighbours of which one has no private pages yet are joined by moving
 * a boundary. Indices outside of a mapping's range hold no pages, ever.
 */
#include <kernel/mapping.h>

#include <kernel/handle.h>
#include <kernel/log.h>
#include <kernel/memory.h>
#include <kernel/slab.h>

#define PRIVATE_BASE_PAGES UINT64_C(4096)

static struct slab_cache mapping_cache = SLAB_CACHE("mapping", struct mapping);

/* The treap. */

static uint32_t random_next(struct space *space)
{
    /* xorshift32: Marsaglia, "Xorshift RNGs", 2003 */
    uint32_t x = space->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return space->random = x;
}

/* Cut a tree in two: what starts below the key, and the rest. */
static void treap_split(struct mapping *tree, uint64_t key, struct mapping **below,
                        struct mapping **rest)
{
    while (tree != NULL) {
        if (tree->start < key) {
            *below = tree;
            below = &tree->right;
            tree = tree->right;
        } else {
            *rest = tree;
            rest = &tree->left;
            tree = tree->left;
        }
    }
    *below = *rest = NULL;
}

/* All of `left` is below all of `right`. */
static struct mapping *treap_merge(struct mapping *left, struct mapping *right)
{
    struct mapping *tree, **slot = &tree;
    while (left != NULL && right != NULL) {
        if (left->priority > right->priority) {
            *slot = left;
            slot = &left->right;
            left = left->right;
        } else {
            *slot = right;
            slot = &right->left;
            right = right->left;
        }
    }
    *slot = left != NULL ? left : right;
    return tree;
}

static void treap_insert(struct space *space, struct mapping *mapping)
{
    struct mapping **slot = &space->root;
    while (*slot != NULL && (*slot)->priority >= mapping->priority)
        slot = mapping->start < (*slot)->start ? &(*slot)->left : &(*slot)->right;
    treap_split(*slot, mapping->start, &mapping->left, &mapping->right);
    *slot = mapping;
}

static void treap_remove(struct space *space, struct mapping *mapping)
{
    struct mapping **slot = &space->root;
    while (*slot != mapping)
        slot = mapping->start < (*slot)->start ? &(*slot)->left : &(*slot)->right;
    *slot = treap_merge(mapping->left, mapping->right);
    if (space->recent == mapping)
        space->recent = NULL;
}

struct mapping *mapping_next(const struct mapping *mapping)
{
    struct list_node *node = mapping->link.next;
    return node == &mapping->space->mappings.head ? NULL : container_of(node, struct mapping, link);
}

struct mapping *mapping_previous(const struct mapping *mapping)
{
    struct list_node *node = mapping->link.previous;
    return node == &mapping->space->mappings.head ? NULL : container_of(node, struct mapping, link);
}

/* Between the mapping and the one before it. */
static bool is_in_gap(const struct mapping *mapping, uint64_t address)
{
    const struct mapping *previous = mapping_previous(mapping);
    return previous == NULL || address >= previous->end;
}

struct mapping *mapping_find(struct space *space, uint64_t address)
{
    struct mapping *best = space->recent;
    if (best != NULL && address < best->end && (address >= best->start || is_in_gap(best, address)))
        return best;
    best = NULL;
    for (struct mapping *mapping = space->root; mapping != NULL;) {
        bool above = mapping->end > address;
        best = above ? mapping : best;
        mapping = above ? mapping->left : mapping->right;
    }
    return space->recent = best;
}

/* Making and unmaking. */

void mapping_set_range(struct mapping *mapping, uint64_t start, uint64_t length)
{
    uint64_t pages = length >> PAGE_SHIFT;
    mapping->start = start;
    mapping->end = start + length;
    if ((mapping->flags & MAP_GROWS_DOWN) == 0)
        mapping->private_base = (start >> PAGE_SHIFT) % PRIVATE_BASE_PAGES;
    else
        mapping->private_base = pages < PRIVATE_BASE_PAGES ? PRIVATE_BASE_PAGES - pages : 0;
}

__attribute__((always_inline)) enum status
mapping_create(struct space *space, const struct map_request *request, struct mapping **result)
{
    struct mapping *mapping = atomic_exchange(&space->spare, NULL);
    if (mapping == NULL) {
        mapping = slab_allocate(&mapping_cache, space->account);
        if (mapping == NULL)
            return STATUS_NO_MEMORY;
        mapping->priority = random_next(space);
    }
    if (request->derivation != NULL && !derivation_try_acquire(request->derivation)) {
        slab_free(&mapping_cache, space->account, mapping);
        return STATUS_BAD_HANDLE;
    }
    mapping->flags = request->flags & MAPPING_FLAGS;
    mapping->allowed = request->allowed;
    mapping->cleared = 0;
    mapping->memory = request->memory;
    mapping->memory_offset = request->offset;
    mapping->derivation = request->derivation;
    mapping->space = space;
    mapping->private_pages.account = space->account;
    list_node_init(&mapping->link);
    list_node_init(&mapping->object_link);
    if (mapping->memory != NULL)
        object_acquire(&mapping->memory->object);
    *result = mapping;
    return STATUS_OK;
}

__attribute__((always_inline)) void mapping_insert(struct mapping *mapping, struct mapping *next)
{
    struct space *space = mapping->space;
    struct list_node *after = next == NULL ? &space->mappings.head : &next->link;
    list_insert_between(&mapping->link, after->previous, after);
    treap_insert(space, mapping);
    space->recent = mapping;
    space->mapped_bytes += mapping->end - mapping->start;
    if (mapping->memory != NULL)
        memory_attach_mapping(mapping->memory, mapping);
}

__attribute__((always_inline)) void mapping_take_out(struct mapping *mapping)
{
    struct space *space = mapping->space;
    treap_remove(space, mapping);
    list_remove(&mapping->link);
    space->mapped_bytes -= mapping->end - mapping->start;
    if (mapping->memory != NULL)
        memory_detach_mapping(mapping->memory, mapping);
}

void mapping_discard(struct mapping *mapping)
{
    mapping->right = mapping->space->removed;
    mapping->space->removed = mapping;
}

void mapping_remove(struct mapping *mapping)
{
    mapping_take_out(mapping);
    mapping_discard(mapping);
}

void mapping_keep_spare(struct space *space, struct mapping *mapping)
{
    mapping = atomic_exchange(&space->spare, mapping);
    if (mapping != NULL)
        slab_free(&mapping_cache, space->account, mapping);
}

static __attribute__((noinline)) void mapping_destroy(struct mapping *mapping)
{
    page_tree_free(&mapping->private_pages);
    if (mapping->memory != NULL)
        object_release(&mapping->memory->object);
    if (mapping->derivation != NULL)
        derivation_release(mapping->derivation);
    mapping_keep_spare(mapping->space, mapping);
}

enum status space_end_change(struct space *space, enum status status)
{
    struct mapping *mapping = space->removed, *next;
    space->removed = NULL;
    lock_release(&space->lock);
    for (; mapping != NULL; mapping = next) {
        next = mapping->right;
        mapping_destroy(mapping);
    }
    return status;
}

/* Boundaries. */

enum status mapping_copy(const struct mapping *from, struct space *space, uint64_t start,
                         struct mapping **result)
{
    const struct map_request request = {.memory = from->memory,
                                        .derivation = from->derivation,
                                        .offset = mapping_memory_offset(from, start),
                                        .allowed = from->allowed};
    enum status status = mapping_create(space, &request, result);
    if (status != STATUS_OK)
        return status;
    (*result)->flags = from->flags;
    (*result)->cleared = from->cleared < start ? start : from->cleared;
    (*result)->start = start;
    (*result)->end = from->end;
    (*result)->private_base = mapping_private_index(from, start);
    page_tree_clone(&from->private_pages, &(*result)->private_pages);
    return STATUS_OK;
}

enum status mapping_cut(struct space *space, uint64_t address)
{
    struct mapping *upper, *lower = mapping_find(space, address);
    if (lower == NULL || lower->start >= address)
        return STATUS_OK;
    enum status status = mapping_copy(lower, space, address, &upper);
    if (status != STATUS_OK)
        return status;
    uint64_t index = upper->private_base;
    status = page_tree_prepare_clear(&lower->private_pages, index, PAGE_TREE_INDEX_MAX);
    if (status == STATUS_OK)
        status = page_tree_prepare_clear(&upper->private_pages, 0, index);
    if (status != STATUS_OK) {
        mapping_discard(upper);
        return status;
    }
    page_tree_clear(&lower->private_pages, index, PAGE_TREE_INDEX_MAX, NULL);
    page_tree_clear(&upper->private_pages, 0, index, NULL);
    if (lower->memory != NULL)
        memory_settle_mapping(lower->memory, lower);
    space->mapped_bytes -= lower->end - address;
    lower->end = address;
    mapping_insert(upper, mapping_next(lower));
    return STATUS_OK;
}

static bool may_join(const struct mapping *lower, const struct mapping *upper)
{
    uint64_t pages = (lower->end - lower->start) >> PAGE_SHIFT;
    bool alike = ((lower->flags | upper->flags) & MAPPING_LEAVING) == 0 &&
                 lower->end == upper->start && lower->flags == upper->flags &&
                 lower->allowed == upper->allowed && lower->memory == upper->memory &&
                 lower->derivation == upper->derivation && (lower->flags & MAP_GROWS_DOWN) == 0;
    if (!alike)
        return false;
    if (lower->memory != NULL && mapping_memory_offset(lower, lower->end) != upper->memory_offset)
        return false;
    return page_tree_is_empty(&upper->private_pages) ||
           (page_tree_is_empty(&lower->private_pages) && upper->private_base >= pages);
}

/* The lower one takes the upper one's place; pages stay mapped. */
static void join(struct mapping *lower, struct mapping *upper)
{
    struct space *space = lower->space;
    if (!page_tree_is_empty(&upper->private_pages)) {
        uint64_t pages = (lower->end - lower->start) >> PAGE_SHIFT;
        lower->private_base = upper->private_base - pages;
        lower->private_pages = upper->private_pages;
        page_tree_init(&upper->private_pages, space->account);
    }
    if (upper->memory != NULL)
        memory_settle_mapping(upper->memory, upper);
    mapping_remove(upper);
    space->mapped_bytes += upper->end - upper->start;
    lower->end = upper->end;
}

struct mapping *mapping_extend(struct space *space, const struct map_request *request,
                               uint64_t address, struct mapping *next)
{
    struct list_node *node = next != NULL ? next->link.previous : space->mappings.head.previous;
    struct mapping *previous = container_of(node, struct mapping, link);
    struct mapping added = {.flags = request->flags & MAPPING_FLAGS,
                            .allowed = request->allowed,
                            .memory = request->memory,
                            .memory_offset = request->offset,
                            .derivation = request->derivation};
    mapping_set_range(&added, address, request->length);
    if (node != &space->mappings.head && may_join(previous, &added)) {
        previous->end = added.end;
    } else if (next != NULL && may_join(&added, next)) {
        next->start = address;
        if (page_tree_is_empty(&next->private_pages))
            next->private_base = added.private_base;
        else
            next->private_base -= request->length >> PAGE_SHIFT;
        next->memory_offset -= request->length;
        next->cleared = 0;
        previous = next;
    } else {
        return NULL;
    }
    space->mapped_bytes += request->length;
    return previous;
}

void mapping_join(struct mapping *mapping)
{
    struct mapping *next = mapping_next(mapping), *previous = mapping_previous(mapping);
    if (next != NULL && may_join(mapping, next))
        join(mapping, next);
    if (previous != NULL && may_join(previous, mapping))
        join(previous, mapping);
}
