/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Address spaces: what is mapped where, and what a fault does.
 *
 * A mapping names a memory object, or an amap, or an amap above an object: the
 * private pages written so far over what they are copies of. An amap is a
 * sparse array of reference-counted pages, itself shared by the spaces cloned
 * from one another until one of them writes (`needs_copy`); a page with more
 * than one owner is copied at the write. So there are no chains to search, and
 * a clone costs as much as is mapped, not as is touched.
 */
#pragma once

#include <arch/page_table.h>
#include <kernel/list.h>
#include <kernel/lock.h>
#include <kernel/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <trellis/frame.h>
#include <trellis/structures.h>

struct account;
struct amap;
struct memory;
struct page;

struct mapping {
    struct list_node link;        /* space lock; in address order */
    uint64_t start, end;          /* space lock */
    uint32_t flags;               /* space lock; enum map_flag */
    uint32_t allowed;             /* constant; MAP_PROTECTION bits that protect may set */
    bool needs_copy;              /* space lock; the amap is shared: copy it before writing */
    struct amap *amap;            /* space lock; a reference; NULL until a private page exists */
    uint64_t amap_offset;         /* in pages */
    struct memory *memory;        /* a reference; NULL for anonymous private memory */
    uint64_t memory_offset;       /* bytes */
    struct list_node object_link; /* the memory object's lock */
    struct space *space;          /* constant */
    uint64_t derivation_id;
};

struct space {
    struct spinlock lock;      /* LOCK_SPACE */
    struct list mappings;      /* by address; an index for lookup is space.c's own */
    struct mapping *last_hit;  /* lock */
    struct page_table table;   /* arch; lock */
    struct account *account;   /* a reference; constant */
    uint64_t mapped_bytes;     /* lock */
    uint64_t resident_pages;   /* lock */
    uint64_t faults;           /* lock */
};

enum status space_init(struct space *space, struct account *account) must_check;
/* Remove everything in steps: true when done. */
bool space_teardown_step(struct space *space, uint32_t limit);

struct map_request {
    struct memory *memory;     /* or NULL */
    uint64_t offset;
    uint64_t address, length;  /* address 0: the kernel chooses, from the top down */
    uint32_t flags;
    uint32_t allowed;          /* MAP_PROTECTION bits the caller's rights permit */
};
enum status space_map(struct space *space, const struct map_request *request, uint64_t *address) must_check;
enum status space_unmap(struct space *space, uint64_t address, uint64_t length) must_check;
enum status space_protect(struct space *space, uint64_t address, uint64_t length, uint32_t flags) must_check;
enum status space_discard(struct space *space, uint64_t address, uint64_t length) must_check;
enum status space_inspect(struct space *space, uint64_t address, bool hidden,
                          struct mapping_information *information) must_check;

struct remap_request {
    uint64_t address, old_length, new_length, new_address;
    uint32_t flags;
};
enum status space_remap(struct space *space, const struct remap_request *request, uint64_t *address) must_check;

/* Make `to`, which is empty, a copy of `from`; private pages are shared until written. */
enum status space_clone(struct space *from, struct space *to) must_check;

/*
 * Resolve a page fault: OK, RESTART (the current thread waits), or an error
 * and which kind of fault the program is to be told.
 */
enum status space_fault(struct space *space, uint64_t address, enum fault_access access,
                        enum fault_kind *kind) must_check;

/* For process_read and process_write: the page behind an address, made writable (private copy) if asked.
 * A reference is taken. */
enum status space_get_page(struct space *space, uint64_t address, bool write, bool force, struct page **result) must_check;

/* What an address means, for address waits across processes: object id (of the
 * memory object, or of the space for private memory) and offset. */
enum status space_address_key(struct space *space, uint64_t address, bool shared, uint64_t *object,
                              uint64_t *offset) must_check;

/* The pinned frames; outside the mappings. FRAME pages are charged to the space's account. */
enum status space_map_frame(struct space *space, uint32_t slot, struct page *pages[2]) must_check;
void space_unmap_frame(struct space *space, uint32_t slot);
