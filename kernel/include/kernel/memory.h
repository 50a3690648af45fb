/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Memory objects: pages that can be shared by name.
 *
 * Three kinds: anonymous (a page is made, zeroed, when first needed), physical
 * (a range that is not RAM, or the boot archive) and, behind the same
 * operations, pager-backed.
 */
#pragma once

#include <kernel/object.h>
#include <kernel/page.h>
#include <kernel/space.h>

enum memory_kind { MEMORY_ANONYMOUS, MEMORY_PHYSICAL };

struct page_tree; /* memory/page_tree.h: sparse array of pages */

struct memory {
    struct object object;     /* object.lock guards all of it */
    enum memory_kind kind;    /* constant */
    uint32_t flags;           /* enum memory_flag */
    uint64_t size;            /* bytes */
    uint64_t tag;
    uint64_t physical;        /* MEMORY_PHYSICAL: where it starts; constant */
    struct page_tree *pages;
    struct list mappings;     /* struct mapping.object_link: to unmap on resize and discard */
    uint64_t mapping_count;
};

enum status memory_create(struct account *account, uint64_t size, uint32_t flags, struct memory **result) must_check;
/* RAM that already holds something (archive, boot information, time page), or device registers. */
enum status memory_create_physical(struct account *account, uint64_t physical, uint64_t size, bool device,
                                   struct memory **result) must_check;

/* The page at a byte offset, made if need be; a reference is taken. OUT_OF_RANGE beyond the size. */
enum status memory_get_page(struct memory *memory, uint64_t offset, struct page **result) must_check;

/* Copies within the kernel; they make pages as needed. */
enum status memory_load(struct memory *memory, uint64_t offset, void *to, size_t length) must_check;
enum status memory_store(struct memory *memory, uint64_t offset, const void *from, size_t length) must_check;
