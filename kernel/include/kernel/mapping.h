/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The mappings of one address space: what is inside of kernel/memory only.
 * All functions expect the space's lock unless they say otherwise.
 */
#pragma once

#include <kernel/page.h>
#include <kernel/page_tree.h>
#include <kernel/space.h>
#include <list/list.h>

struct mapping {
    struct list_node link;        /* in space->mappings */
    struct mapping *left, *right; /* in the tree of the space */
    uint32_t priority;            /* constant */
    uint32_t flags;               /* enum map_flag */
    uint64_t start, end;
    uint64_t
        cleared; /* leaving or about to move: page tables have nothing of it below this address */
    uint32_t allowed;               /* MAP_PROTECTION bits that protect may set */
    struct page_tree private_pages; /* of a mapping without object, or with MAP_PRIVATE_COPY */
    uint64_t private_base;          /* index in it of the page at `start` */
    struct memory *memory;          /* a reference; constant; NULL for anonymous private memory */
    struct derivation *derivation;  /* a reference; constant; or NULL */
    uint64_t memory_offset;         /* bytes, of `start` */
    struct list_node object_link;   /* memory lock; in memory->mappings */
    uint64_t sweep;                 /* memory lock */
    struct space *space;            /* constant */
};

/* What a mapping keeps of the MAP_ flags it was made with. */
#define MAPPING_FLAGS (MAP_PROTECTION | MAP_PRIVATE_COPY | MAP_GROWS_DOWN | MAP_HIDDEN)

/* It is being removed in steps and keeps its place until that is done; nobody can use it. */
#define MAPPING_LEAVING (1u << 31)

static inline bool mapping_is_private(const struct mapping *mapping)
{
    return mapping->memory == NULL || (mapping->flags & MAP_PRIVATE_COPY) != 0;
}

/* What page tables may have of a mapping with these MAP_ flags. */
static inline uint32_t mapping_table_rights(uint32_t flags)
{
    uint32_t rights = (flags & MAP_PROTECTION) != 0 ? PTE_READ : 0;
    rights |= (flags & MAP_WRITE) != 0 ? PTE_WRITE : 0;
    return rights | ((flags & MAP_EXECUTE) != 0 ? PTE_EXECUTE : 0);
}

/* The index of an address in private_pages, and its offset in the memory object. */
static inline uint64_t mapping_private_index(const struct mapping *mapping, uint64_t address)
{
    return mapping->private_base + ((address - mapping->start) >> PAGE_SHIFT);
}

static inline uint64_t mapping_memory_offset(const struct mapping *mapping, uint64_t address)
{
    return mapping->memory_offset + ((address & ~(PAGE_SIZE - 1)) - mapping->start);
}

/* Do a step of the clone that is being made, and unlock the space: RESTART. (clone.c) */
enum status space_carry_on(struct space *space);
/* Lock the space to change it, if the status so far is OK, which is returned; RESTART, and it is not locked,
 * while a clone of it is being made. */
static inline enum status must_check space_begin_change(struct space *changed, enum status status)
{
    if (status != STATUS_OK)
        return status;
    lock_acquire(&changed->lock);
    return changed->copy == NULL ? STATUS_OK : space_carry_on(changed);
}
/* Unlock it, then free what was removed; returns the status. */
enum status space_end_change(struct space *space, enum status status);

/* The first mapping that ends above the address, or NULL. O(log n). */
struct mapping *mapping_find(struct space *space, uint64_t address);
/* Its neighbours by address, or NULL. */
struct mapping *mapping_next(const struct mapping *mapping);
struct mapping *mapping_previous(const struct mapping *mapping);

/* A mapping that is in no space yet, of the request's flags and length; references
 * taken. No lock is needed. Its place is set before it is inserted. */
enum status mapping_create(struct space *space, const struct map_request *request,
                           struct mapping **result) must_check;
/* One that is to be what another is from `start` on, with the private pages of all of that. */
enum status mapping_copy(const struct mapping *from, struct space *space, uint64_t start,
                         struct mapping **result) must_check;
void mapping_set_range(struct mapping *mapping, uint64_t start, uint64_t length);
/* In front of `next`, or with NULL behind all others. */
void mapping_insert(struct mapping *mapping, struct mapping *next);
/* Take it out of its space; page tables are the caller's business. */
void mapping_take_out(struct mapping *mapping);
/* One that is in no space is freed by space_end_change. */
void mapping_discard(struct mapping *mapping);
/* Both. */
void mapping_remove(struct mapping *mapping);
/* Keep one without references, or with NULL none, for the space's next mapping; free what was kept before. */
void mapping_keep_spare(struct space *space, struct mapping *mapping);

/* Make an address a boundary between mappings if it is inside of one. NO_MEMORY changes nothing. */
enum status mapping_cut(struct space *space, uint64_t address) must_check;
/* Remove [start, end): all of it or, with RESTART, as much as one step does, keeping the place.
 * NO_MEMORY changes nothing but boundaries. (removal.c) */
enum status mapping_remove_range(struct space *space, uint64_t start, uint64_t end) must_check;
/* Take it out of the page table, as much as the limit allows; true when all is out. What others touch
 * meanwhile comes back. (removal.c) */
bool mapping_clear(struct mapping *mapping, uint32_t *limit);
/* Have a neighbour take in what is to be mapped, at an address that is free and before `next`, as
 * above, if it is like it; else NULL. */
struct mapping *mapping_extend(struct space *space, const struct map_request *request,
                               uint64_t address, struct mapping *next);
/* Make one of this mapping and its neighbours where they are alike. The mapping may be gone after it. */
void mapping_join(struct mapping *mapping);

/* Whether programs may have something in a page-aligned range. */
bool range_is_valid(uint64_t start, uint64_t length);
/* Round a length up to pages; false if it is empty or overflows. */
bool range_round_length(uint64_t *length);
/* Both, and alignment: INVALID, OUT_OF_RANGE. */
enum status range_check(uint64_t address, uint64_t *length) must_check;
bool range_is_free(struct space *space, uint64_t start, uint64_t length);
/* A free range: at *address if that is not 0 and free, else the highest in the
 * program's region or, with MAP_LIBRARY, the library's. False if there is none. */
bool range_choose(struct space *space, uint64_t length, uint32_t flags, uint64_t *address);

/* Show the pages of [*at, end), newly mapped with these flags, that can be had: a few, then RESTART, with
 * *at moved up, while there are more. Memory running out is found at the access. (fault.c) */
enum status fault_populate(struct space *space, uint64_t *at, uint64_t end,
                           uint32_t flags) must_check;

/*
 * Work in steps: each has SPACE_STEP_LIMIT to spend, a unit being about what it
 * costs to free a page, some 150 instructions.
 */
#define SPACE_STEP_LIMIT 48u
#define REMOVE_COST 4 /* of a mapping */

/* arch_table_protect of [*at, end), until the limit runs out: *at moves behind what is done. */
uint64_t range_protect(struct page_table *table, uint64_t *at, uint64_t end, uint32_t rights,
                       uint32_t *limit);
/* Count down, to zero at the least. */
static inline void range_spend(uint32_t *limit, uint64_t cost)
{
    *limit -= cost < *limit ? (uint32_t)cost : *limit;
}
