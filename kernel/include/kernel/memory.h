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
#include <kernel/page_tree.h>
#include <kernel/pager.h>
#include <kernel/space.h>

enum memory_kind { MEMORY_ANONYMOUS, MEMORY_PHYSICAL };

struct memory {
    struct object object;  /* object.lock guards all of it */
    enum memory_kind kind; /* constant */
    bool device;           /* MEMORY_PHYSICAL: registers, mapped uncached; constant */
    uint32_t flags;        /* enum memory_flag */
    uint64_t size;         /* bytes */
    uint64_t tag;
    uint64_t physical; /* MEMORY_PHYSICAL: where it starts; constant */
    struct page_tree pages;
    uint64_t resident_pages; /* in it */
    struct list mappings;    /* struct mapping.object_link: to unmap on resize and discard */
    uint64_t mapping_count;
    uint64_t sweep;      /* number of the last walk over the mappings */
    struct range swept;  /* what is to vanish from page tables in it, bytes; empty: it has ended */
    struct list waiters; /* threads that wait for the pager, by wait.link */
    uint32_t pagers;     /* handles with MANAGE */
    struct list taken;   /* the pages it is about, out of `pages` already */
};

#define MEMORY_SIZE_MAX (UINT64_C(1) << 47)
#define PHYSICAL_END (UINT64_C(1) << 48) /* what every architecture has entries for */

enum status memory_create(struct account *account, uint64_t size, uint32_t flags,
                          struct memory **result) must_check;
/* RAM that already holds something (archive, boot information, time page), or device registers. */
enum status memory_create_physical(struct account *account, uint64_t physical, uint64_t size,
                                   bool device, struct memory **result) must_check;

static inline bool memory_is_paged(const struct memory *memory)
{
    return (memory->flags & MEMORY_PAGER_BACKED) != 0;
}

/* What is wanted of a page: as it is, or to be read or written, made or supplied if need be. */
enum memory_need { MEMORY_PEEK, MEMORY_READ, MEMORY_WRITE };

/* Where the page at a byte offset is, and whether it may be mapped writable; the object's lock
 * is held. NOT_FOUND if it is not there and not to be made, or the pager refuses it;
 * OUT_OF_RANGE beyond the size, NO_MEMORY, RESTART if the current thread waits for the pager. */
enum status memory_locate_locked(struct memory *memory, uint64_t offset, enum memory_need need,
                                 uint64_t *physical, bool *writable) must_check;

/* The page at a byte offset, and a reference on it, or NULL; as memory_locate_locked, and
 * UNSUPPORTED for device registers. */
enum status memory_get_page(struct memory *memory, uint64_t offset, enum memory_need need,
                            struct page **result) must_check;

/* OUT_OF_RANGE above MEMORY_SIZE_MAX, BAD_STATE for what has a fixed size; RESTART after a step. */
enum status memory_resize(struct memory *memory, uint64_t size) must_check;
/* Free the whole pages of [offset, offset + length). RESTART after a step. */
enum status memory_discard(struct memory *memory, uint64_t offset, uint64_t length,
                           struct call_step *step) must_check;

/* A step of taking pages [start, end) out of all page tables and, if they are to be dropped, out of
 * the object, then freeing them; `start` moves up. True when it is done. No locks are held. (sweep.c) */
bool memory_sweep_step(struct memory *memory, struct range *pages, bool drop);
/* Whether such a step has left a walk over the mappings unfinished; the object's lock is held. */
bool memory_is_swept(const struct memory *memory);
/* A step of taking out of all page tables what was mapped through derivations that are dead; a
 * later access faults. True when it is done. No locks are held. For handle_revoke. */
bool memory_unmap_revoked_step(struct memory *memory);

/* Called by mapping.c, the mapping's space locked. */
void memory_attach_mapping(struct memory *memory, struct mapping *mapping);
void memory_detach_mapping(struct memory *memory, struct mapping *mapping);
/* Before what it shows becomes another mapping's: no walk under way has it before itself. */
void memory_settle_mapping(struct memory *memory, struct mapping *mapping);

/* The type's destroy operation (object.h). */
void memory_destroy(struct object *object);

/* Bytes of the kernel into the object; pages are made as needed. */
enum status memory_store(struct memory *memory, uint64_t offset, const void *from,
                         size_t length) must_check;
