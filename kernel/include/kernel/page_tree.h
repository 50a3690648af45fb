/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Sparse arrays of pages that are cloned in constant time.
 *
 * A tree holds a reference on each of its pages. Its owner's lock guards it;
 * what it shares with its clones is never changed in place, so the clones need
 * no lock in common.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kernel/status.h>
#include <list/list.h>

struct account;
struct page;

struct page_tree {
    void *root;              /* a node, or with height 0 the page at index 0; NULL: empty */
    uint32_t height;         /* levels of nodes */
    struct account *account; /* charged for new nodes; the owner holds a reference */
};

#define PAGE_TREE_BITS 6 /* of the index resolved by each level */
#define PAGE_TREE_INDEX_MAX (UINT64_C(1) << 36)

static inline void page_tree_init(struct page_tree *tree, struct account *account)
{
    *tree = (struct page_tree){.account = account};
}

static inline bool page_tree_is_empty(const struct page_tree *tree)
{
    return tree->root == NULL;
}

/* The page at an index, without a reference, or NULL. `exclusive` (may be NULL): no clone has it too. */
struct page *page_tree_find(const struct page_tree *tree, uint64_t index, bool *exclusive);

/* The first index in [first, end) at which there is a page, or `end`. O(height). */
uint64_t page_tree_next(const struct page_tree *tree, uint64_t first, uint64_t end);

/*
 * Put a page, with the caller's reference, at an index; `old` (may be NULL if
 * nothing is there) gets what was there, with the tree's reference. NO_MEMORY
 * changes nothing.
 */
enum status page_tree_set(struct page_tree *tree, uint64_t index, struct page *page,
                          struct page **old) must_check;

/* The same for a block of pages one after the other where nothing is; NO_MEMORY may drop some. */
enum status page_tree_set_block(struct page_tree *tree, uint64_t index, struct page *pages,
                                uint64_t count) must_check;
/* Whether so many are there in this order, and no clone has any of them. */
bool page_tree_has(const struct page_tree *tree, uint64_t index, const struct page *pages,
                   uint64_t count);

/* Make `to`, which is empty, hold the same pages as `from`. */
void page_tree_clone(const struct page_tree *from, struct page_tree *to);

/* Have page_tree_clear of this range find everything it needs; NO_MEMORY. */
enum status page_tree_prepare_clear(struct page_tree *tree, uint64_t first,
                                    uint64_t end) must_check;
/* Take out the pages of [first, end), and drop them: about how many is the result, for what a clone
 * has too is not looked at one by one. Unless the tree was never cloned, prepare first. With `taken`,
 * for a tree that is never cloned, they go on that list by page.link, still with the tree's references. */
uint64_t page_tree_clear(struct page_tree *tree, uint64_t first, uint64_t end, struct list *taken);

/* Drop up to about *limit pages, counting it down; true when the tree is empty. */
bool page_tree_drain(struct page_tree *tree, uint32_t *limit);
/* Drop all. */
void page_tree_free(struct page_tree *tree);
