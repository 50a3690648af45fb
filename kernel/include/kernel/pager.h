/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Pager-backed memory objects, inside the kernel. The contract is trellis/pager.h.
 */
#pragma once

#include <kernel/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <trellis/pager.h>

struct memory;
struct object;

/* In struct page. Of a pager-backed memory object, under its lock; of private memory RAW says that
 * the page is to be zeroed before anybody sees it, by a space that alone has it, with its lock. */
enum page_paging { PAGE_CLEAN, PAGE_WRITABLE, PAGE_CLEANING, PAGE_RAW };

/* What a thread waits for; in struct thread, and only it waits by it. */
struct page_request {
    struct memory *memory; /* a reference while it waits */
    uint64_t offset;
    uint32_t kind; /* enum pager_request_kind */
    bool told;     /* memory lock; the pager has been */
    bool refused;  /* memory lock; the next request for the same is refused */
};

/* The current thread begins to wait for a page: RESTART, or NOT_FOUND if it is refused or there
 * is no pager. The object's lock is held. */
enum status pager_request(struct memory *memory, uint64_t offset,
                          enum pager_request_kind kind) must_check;
/* Those who wait for pages of [start, end) bytes look again. The object's lock is held. */
void pager_retry(struct memory *memory, uint64_t start, uint64_t end);

/* Object operations (object.h): who holds the object with MANAGE is its pager. */
void memory_opened(struct object *object, uint32_t rights);
void memory_closed(struct object *object, uint32_t rights);
