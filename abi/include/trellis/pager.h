/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Pager-backed memory objects.
 *
 * Who holds such an object with MANAGE is its pager; clients map it by handles
 * without. A page is absent, clean, writable (and so taken for dirty) or being
 * cleaned. A thread that touches an absent page, or is the first to write to a
 * clean one, waits until the pager has answered: SIGNAL_READABLE of the object
 * stands while memory_requests has something to tell. Wrong or missing answers
 * hurt only those who wait; they can be ended, not interrupted.
 *
 * While nobody holds the object with MANAGE those who wait, or would, have
 * FAULT_PAGE_PAGER; a call that reads or writes the object itself has NOT_FOUND.
 * A pager that is to be restarted leaves its handles to the next instance, which
 * asks with PAGER_AGAIN for what the last one was told.
 *
 * To write pages back: memory_collect, PAGES_CLEANING for what it told, read them,
 * write them, PAGES_CLEAN. What is written to meanwhile is writable again, and not
 * made clean; what was being cleaned when the pager died is collected again.
 *
 * The object holds what it was told is written and no more than that: a server
 * that maps memory of others makes sure first that memory_information.flags has
 * MEMORY_FIXED_SIZE and not MEMORY_PAGER_BACKED.
 */
#pragma once

#include <stdint.h>

enum pager_flag {
    PAGER_AGAIN = 1u << 0, /* memory_requests: also what was told before */
};

enum pager_request_kind {
    PAGER_SUPPLY = 0, /* the page is absent */
    PAGER_WRITE = 1,  /* the page is clean, somebody writes to it: room for it can be found now */
};

struct pager_request {
    uint64_t offset; /* of the page, in bytes */
    uint32_t kind;   /* enum pager_request_kind */
    uint32_t unused;
};
#define PAGER_REQUESTS_MAX 32 /* told by one call */

enum page_mark {
    PAGES_WRITABLE = 0, /* what is there may be written; answers PAGER_WRITE */
    PAGES_REFUSED = 1,  /* no page changes; who waits for one has FAULT_PAGE_PAGER */
    PAGES_CLEANING = 2, /* of the writable: a write is noticed from now on */
    PAGES_CLEAN = 3,    /* of those being cleaned */
    PAGES_DROPPED = 4,  /* the clean are absent from now on */
};

/* Of a memory object, in bytes; whole pages. */
struct memory_range {
    uint64_t offset, length;
};
#define MEMORY_RANGES_MAX 32 /* told by one call */
