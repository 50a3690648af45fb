/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A radix tree of reference-counted nodes, 64 slots each.
 *
 * Cloning shares the root. A node with more than one reference is immutable: who
 * wants to change something below it copies the path down to there, taking a
 * reference on each child of a copied node. This is shadowing as in Rodeh,
 * "B-trees, Shadowing, and Clones" (ACM TOS 2008), applied to what UVM calls an
 * amap (Cranor, "The Design and Implementation of the UVM Virtual Memory
 * System", 1998): the pages are counted one by one, a write copies the page if
 * anybody else has it, and there are no shadow chains to search or collapse. A
 * fork costs one reference per mapping, whatever its size.
 *
 * A node seen with one reference through a path of such nodes belongs to this
 * tree alone: nobody else has a way to it, so the count cannot rise meanwhile.
 */
#include <kernel/page_tree.h>

#include <kernel/account.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <kernel/slab.h>

#define NODE_SLOTS (1u << PAGE_TREE_BITS)

struct page_tree_node {
    _Atomic uint32_t references;
    struct account *account; /* charged for it; the slab holds the reference */
    void *slots[NODE_SLOTS]; /* nodes, or on level 1 pages */
};

static struct slab_cache node_cache = SLAB_CACHE("page_tree_node", struct page_tree_node);

/* How many indices one slot of a node on this level covers. */
static uint64_t slot_span(uint32_t level)
{
    return UINT64_C(1) << (level - 1) * PAGE_TREE_BITS;
}

static unsigned slot_of(uint64_t index, uint32_t level)
{
    return (unsigned)(index / slot_span(level)) % NODE_SLOTS;
}

static bool tree_covers(const struct page_tree *tree, uint64_t index)
{
    return index < UINT64_C(1) << tree->height * PAGE_TREE_BITS;
}

static bool node_is_shared(const struct page_tree_node *node)
{
    return atomic_load_explicit(&node->references, memory_order_acquire) > 1;
}

/* `child` stands in a slot of a node on `level` + 1: a page where level is 0. */
static void child_acquire(void *child, uint32_t level)
{
    if (level == 0)
        page_acquire(child);
    else
        atomic_fetch_add_explicit(&((struct page_tree_node *)child)->references, 1,
                                  memory_order_relaxed);
}

/* Drop the tree's reference on a child and all below it, until *limit runs out: then false. */
static bool child_release(void *child, uint32_t level, uint32_t *limit)
{
    if (*limit == 0)
        return false;
    --*limit;
    if (level == 0) {
        page_release(child);
        return true;
    }
    struct page_tree_node *node = child;
    if (node_is_shared(node) &&
        atomic_fetch_sub_explicit(&node->references, 1, memory_order_acq_rel) != 1)
        return true;
    atomic_store_explicit(&node->references, 1, memory_order_relaxed);
    for (unsigned i = 0; i < NODE_SLOTS; i++) {
        if (node->slots[i] == NULL)
            continue;
        if (!child_release(node->slots[i], level - 1, limit))
            return false;
        node->slots[i] = NULL;
    }
    slab_free(&node_cache, node->account, node);
    return true;
}

static enum status node_create(struct page_tree *tree, struct page_tree_node **result)
{
    *result = slab_allocate(&node_cache, tree->account);
    if (*result == NULL)
        return STATUS_NO_MEMORY;
    atomic_store_explicit(&(*result)->references, 1, memory_order_relaxed);
    (*result)->account = tree->account;
    return STATUS_OK;
}

/* Replace the shared node in *slot by a copy of the tree's own. */
static enum status node_unshare(struct page_tree *tree, void **slot, uint32_t level)
{
    struct page_tree_node *copy, *node = *slot;
    enum status status = node_create(tree, &copy);
    if (status != STATUS_OK)
        return status;
    for (unsigned i = 0; i < NODE_SLOTS; i++) {
        copy->slots[i] = node->slots[i];
        if (copy->slots[i] != NULL)
            child_acquire(copy->slots[i], level - 1);
    }
    *slot = copy;
    uint32_t limit = UINT32_MAX;
    child_release(node, level, &limit);
    return STATUS_OK;
}

struct page *page_tree_find(const struct page_tree *tree, uint64_t index, bool *exclusive)
{
    bool own = true;
    void *child = tree_covers(tree, index) ? tree->root : NULL;
    for (uint32_t level = tree->height; level > 0 && child != NULL; level--) {
        struct page_tree_node *node = child;
        own = own && !node_is_shared(node);
        child = node->slots[slot_of(index, level)];
    }
    struct page *page = child;
    if (exclusive != NULL)
        *exclusive = own && page != NULL &&
                     atomic_load_explicit(&page->references, memory_order_acquire) == 1;
    return page;
}

/* The node of level 1 above an index, or NULL if there is none or a clone has it too. */
static const struct page_tree_node *find_own_node(const struct page_tree *tree, uint64_t index)
{
    const struct page_tree_node *node =
        tree->height > 0 && tree_covers(tree, index) ? tree->root : NULL;
    for (uint32_t level = tree->height; level > 1 && node != NULL; level--)
        node = node_is_shared(node) ? NULL : node->slots[slot_of(index, level)];
    return node == NULL || node_is_shared(node) ? NULL : node;
}

bool page_tree_has(const struct page_tree *tree, uint64_t index, const struct page *pages,
                   uint64_t count)
{
    const struct page_tree_node *node = NULL;
    for (uint64_t i = 0; i < count; i++) {
        if (i == 0 || (index + i) % NODE_SLOTS == 0)
            node = find_own_node(tree, index + i);
        if (node == NULL || node->slots[(index + i) % NODE_SLOTS] != &pages[i] ||
            atomic_load_explicit(&pages[i].references, memory_order_relaxed) != 1)
            return false;
    }
    return true;
}

/* The first index from `first` on with a page below a child, whose own first is `base`; or UINT64_MAX. */
static uint64_t child_next(void *child, uint32_t level, uint64_t base, uint64_t first)
{
    struct page_tree_node *node = child;
    if (level == 0)
        return base;
    uint64_t span = slot_span(level), found = UINT64_MAX;
    uint64_t i = first > base ? (first - base) / span : 0;
    for (; i < NODE_SLOTS && found == UINT64_MAX; i++) {
        if (node->slots[i] != NULL)
            found = child_next(node->slots[i], level - 1, base + i * span, first);
    }
    return found;
}

uint64_t page_tree_next(const struct page_tree *tree, uint64_t first, uint64_t end)
{
    bool empty = tree->root == NULL || !tree_covers(tree, first);
    uint64_t next = empty ? end : child_next(tree->root, tree->height, 0, first);
    return next < end ? next : end;
}

/* Add levels at the top until the tree covers the index. */
static enum status tree_heighten(struct page_tree *tree, uint64_t index)
{
    while (!tree_covers(tree, index)) {
        if (tree->root != NULL) {
            struct page_tree_node *node;
            enum status status = node_create(tree, &node);
            if (status != STATUS_OK)
                return status;
            node->slots[0] = tree->root;
            tree->root = node;
        }
        tree->height++;
    }
    return STATUS_OK;
}

/*
 * Find the slot of an index with every node on the way the tree's own; what is
 * not there is made, or else NULL is the result.
 */
static enum status tree_own_slot(struct page_tree *tree, uint64_t index, bool make, void ***result)
{
    void **slot = tree_covers(tree, index) ? &tree->root : NULL;
    for (uint32_t level = tree->height; slot != NULL && level > 0; level--) {
        enum status status = STATUS_OK;
        struct page_tree_node *node = *slot;
        if (node == NULL && make) {
            status = node_create(tree, &node);
            *slot = status == STATUS_OK ? node : NULL;
        } else if (node != NULL && node_is_shared(node)) {
            status = node_unshare(tree, slot, level);
        }
        if (status != STATUS_OK)
            return status;
        node = *slot;
        slot = node != NULL ? &node->slots[slot_of(index, level)] : NULL;
    }
    *result = slot;
    return STATUS_OK;
}

enum status page_tree_set(struct page_tree *tree, uint64_t index, struct page *page,
                          struct page **old)
{
    assert(index < PAGE_TREE_INDEX_MAX);
    enum status status = tree_heighten(tree, index);
    if (status != STATUS_OK)
        return status;
    void **slot;
    status = tree_own_slot(tree, index, true, &slot);
    if (status != STATUS_OK)
        return status;
    assert(old != NULL || *slot == NULL);
    if (old != NULL)
        *old = *slot;
    *slot = page;
    return STATUS_OK;
}

enum status page_tree_set_block(struct page_tree *tree, uint64_t index, struct page *pages,
                                uint64_t count)
{
    void **slot;
    enum status status = tree_heighten(tree, index + count - 1);
    uint64_t end = index + count, at = index;
    while (status == STATUS_OK && at < end) {
        status = tree_own_slot(tree, at, true, &slot);
        for (bool more = status == STATUS_OK; more; more = at < end && at % NODE_SLOTS != 0, slot++)
            *slot = &pages[at++ - index];
    }
    for (; at < end; at++)
        page_release(&pages[at - index]);
    return status;
}

void page_tree_clone(const struct page_tree *from, struct page_tree *to)
{
    assert(to->root == NULL);
    to->root = from->root;
    to->height = from->height;
    if (from->root != NULL)
        child_acquire(from->root, from->height);
}

/* A node that is cleared in part holds the first or the last index of the range. */
enum status page_tree_prepare_clear(struct page_tree *tree, uint64_t first, uint64_t end)
{
    void **slot;
    enum status status = tree_own_slot(tree, first, false, &slot);
    return status == STATUS_OK && end > first + 1 ? tree_own_slot(tree, end - 1, false, &slot)
                                                  : status;
}

struct clear_range {
    uint64_t first, end;
    struct list *taken; /* where the pages go, or NULL to drop them */
    uint64_t count;     /* how many slots were cleared */
};

static void slot_clear(void **slot, uint32_t level, uint64_t base, struct clear_range *range);

/* Clear below a node of the tree's own; free it if it is empty then. */
static void node_clear(void **slot, uint32_t level, uint64_t base, struct clear_range *range)
{
    struct page_tree_node *node = *slot;
    assert(!node_is_shared(node));
    uint64_t span = slot_span(level), count = range->count;
    uint64_t i = range->first > base ? (range->first - base) / span : 0;
    for (; i < NODE_SLOTS && base + i * span < range->end; i++)
        slot_clear(&node->slots[i], level - 1, base + i * span, range);
    for (uint64_t end = i + NODE_SLOTS; i < end; i++) { /* most often there is one close by */
        if (range->count == count || node->slots[i % NODE_SLOTS] != NULL)
            return;
    }
    slab_free(&node_cache, node->account, node);
    *slot = NULL;
}

/* Clear what the range covers of the child whose first index is `base`. */
static void slot_clear(void **slot, uint32_t level, uint64_t base, struct clear_range *range)
{
    uint64_t span = UINT64_C(1) << level * PAGE_TREE_BITS;
    if (*slot == NULL || range->first >= base + span || range->end <= base)
        return;
    bool covers = range->first <= base && range->end >= base + span;
    if (!covers || (range->taken != NULL && level > 0)) {
        node_clear(slot, level, base, range);
        return;
    }
    uint32_t limit = UINT32_MAX;
    if (range->taken == NULL)
        child_release(*slot, level, &limit);
    else
        list_push_back(range->taken, &((struct page *)*slot)->link);
    range->count++;
    *slot = NULL;
}

uint64_t page_tree_clear(struct page_tree *tree, uint64_t first, uint64_t end, struct list *taken)
{
    struct clear_range range = {.first = first, .end = end, .taken = taken};
    slot_clear(&tree->root, tree->height, 0, &range);
    return range.count;
}

bool page_tree_drain(struct page_tree *tree, uint32_t *limit)
{
    if (tree->root != NULL && !child_release(tree->root, tree->height, limit))
        return false;
    tree->root = NULL;
    tree->height = 0;
    return true;
}

void page_tree_free(struct page_tree *tree)
{
    uint32_t limit = UINT32_MAX;
    bool empty = page_tree_drain(tree, &limit);
    assert(empty);
}
