/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Address spaces: what is mapped where, and what a fault does.
 *
 * A mapping (mapping.h) names a memory object, or private pages, or private
 * pages above an object: those written so far over what they are copies of.
 * Private pages are in a page tree, which a clone of the space shares until one
 * of the two writes; a page that more than one tree has is copied at the write.
 * So there are no chains to search, and a clone costs by what is touched
 * afterwards, not by what is mapped.
 */
#pragma once

#include <arch/page_table.h>
#include <kernel/lock.h>
#include <kernel/status.h>
#include <list/list.h>
#include <stdbool.h>
#include <stdint.h>
#include <trellis/frame.h>
#include <trellis/structures.h>

struct account;
struct derivation;
struct mapping;
struct memory;
struct object;
struct page;

/* Addresses, bytes or pages: who uses it says. */
struct range {
    uint64_t start, end;
};

struct space {
    struct spinlock lock;          /* LOCK_SPACE */
    struct list mappings;          /* lock; by address */
    struct mapping *root;          /* lock; the same, as a tree (mapping.c) */
    struct mapping *recent;        /* lock; the one in it found or made last, or NULL */
    struct mapping *removed;       /* lock; to be freed when that is released, linked by `right` */
    struct mapping *_Atomic spare; /* no mapping any more, and charged for; or NULL */
    uint32_t random;               /* lock; for the shape of that tree */
    struct page_table table;       /* arch; lock */
    struct account *account;       /* a reference; constant; NULL once torn down */
    uint64_t mapped_bytes;         /* lock */
    uint64_t sealed;    /* lock; below it nothing private can be written through the page table */
    struct space *copy; /* lock; what is being made of it, or NULL */
    struct object *copy_owner; /* lock; who has that */
    enum status copied;        /* lock; what became of making this one a copy */
    uint64_t faults;           /* lock */
};

/* A stack mapping grows until it is this long; what is below is kept free for it. */
#define SPACE_STACK_MAX (UINT64_C(8) << 20)

enum status space_init(struct space *space, struct account *account) must_check;
/* Remove everything, about `limit` pages in each step: true when done. No thread
 * runs in the space any more, and so no CPU has it loaded. */
bool space_teardown_step(struct space *space, uint32_t limit);
/* Pages present in its page table, the frames included. */
uint64_t space_resident_pages(const struct space *space);

struct map_request {
    struct memory *memory; /* or NULL */
    struct derivation
        *derivation; /* of the handle to `memory`, or NULL: when it is revoked the mapping faults */
    uint64_t offset; /* bytes, page aligned */
    uint64_t address,
        length; /* without MAP_FIXED_ADDRESS: a wish, or 0; chosen from the top down */
    uint32_t flags;
    uint32_t allowed;       /* MAP_PROTECTION bits the caller's rights permit */
    struct call_step *step; /* needed with MAP_POPULATE only */
};
/*
 * Lengths are rounded up to pages, the request's itself. INVALID: alignment, flags, writable and
 * executable; OUT_OF_RANGE: not where programs may map, or overflow; NO_RIGHT:
 * protection beyond what is allowed; EXISTS: MAP_NO_REPLACE; NO_MEMORY.
 */
enum status space_map(struct space *space, struct map_request *request,
                      uint64_t *address) must_check;
/* What follows, and space_map, does one step of its work and returns RESTART while there is more;
 * it is then called again with the same arguments and `step`. */
enum status space_unmap(struct space *space, uint64_t address, uint64_t length) must_check;
enum status space_protect(struct space *space, uint64_t address, uint64_t length, uint32_t flags,
                          struct call_step *step) must_check;
enum status space_discard(struct space *space, uint64_t address, uint64_t length,
                          struct call_step *step) must_check;
enum status space_inspect(struct space *space, uint64_t address, bool hidden,
                          struct mapping_information *information,
                          struct call_step *step) must_check;

struct remap_request {
    uint64_t address, old_length, new_length, new_address;
    uint32_t flags;
};
enum status space_remap(struct space *space, const struct remap_request *request,
                        uint64_t *address) must_check;

/*
 * Make `to`, which is empty and which the object `owner` has, a copy of `from`; private pages
 * are shared until written. Frames are not copied. The copy is made in steps, each of which
 * returns RESTART but the last, and until then all else in this file that would change `from` returns
 * RESTART too, having done one of them. After NO_MEMORY `to` must be torn down.
 * To begin returns RESTART, with nothing begun, while another copy is being made.
 */
enum status space_clone_begin(struct space *from, struct space *to,
                              struct object *owner) must_check;
enum status space_clone_step(struct space *from, struct space *to) must_check;
/* Nobody wants it any more, or it is done; without this a copy that was begun may not go. */
void space_clone_abandon(struct space *from, const struct space *to);

/*
 * Resolve a page fault: OK, RESTART (the current thread waits, or a step of a clone was done), or an
 * error and which kind of fault the program is to be told. With `at_once` a clone is done to its end.
 */
enum status space_fault(struct space *space, uint64_t address, enum fault_access access,
                        bool at_once, enum fault_kind *kind) must_check;

/*
 * The page behind an address, for a reader or writer from outside; he may also
 * write to what is private where the program may not. A reference is taken.
 * BAD_ADDRESS, NO_MEMORY.
 */
enum status space_get_page(struct space *space, uint64_t address, bool write,
                           struct page **result) must_check;

/* What an address means to address waits: with `shared`, where a memory object is
 * mapped shared, its id and the offset in it; else a number of the space's own,
 * which is no object's id, and the address. BAD_ADDRESS if nothing is mapped. */
enum status space_address_key(struct space *space, uint64_t address, bool shared, uint64_t *object,
                              uint64_t *offset) must_check;

/* The pinned frames; outside the mappings. The pages stay the caller's. To be unmapped after a failure too. */
enum status space_map_frame(struct space *space, uint32_t slot, struct page *pages[2]) must_check;
void space_unmap_frame(struct space *space, uint32_t slot);
