/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Handle tables, derivation and revocation.
 *
 * A token is slot number (low 20 bits) and a 43-bit number drawn anew at each
 * use of the slot; the whole token is stored in the slot and compared. Slots
 * are in chunks that never move, so lookup needs no lock (rcu.h).
 */
#pragma once

#include <kernel/object.h>
#include <kernel/relaxed.h>

/* What a handle says. Resolved from a table it is valid until the kernel is left. */
struct handle_view {
    struct object *object;
    struct derivation *derivation;
    uint32_t rights;
    uint32_t flags; /* enum handle_flag */
};

struct handle_slot {
    _Atomic uint64_t token;  /* 0 while free */
    struct handle_view view; /* handles lock; references */
};

#define HANDLE_SLOT_BITS 20
#define HANDLE_SLOT_MASK ((1u << HANDLE_SLOT_BITS) - 1)
#define HANDLE_FIRST_BITS                                                                          \
    6 /* the first chunk has 64 slots, each further one as many as all before it */
#define HANDLE_CHUNKS (HANDLE_SLOT_BITS - HANDLE_FIRST_BITS + 1)

struct handle_table {
    struct spinlock lock;                              /* LOCK_HANDLES */
    struct handle_slot *_Atomic chunks[HANDLE_CHUNKS]; /* made under lock, published with release */
    uint32_t first_free;     /* lock; a free slot's `view.rights` is the next one */
    uint32_t used_slots;     /* lock; those from here on were never used */
    uint32_t count;          /* lock; slots in use */
    bool draining;           /* lock; takes no more handles */
    uint64_t closings;       /* lock, for writing; how many handles were ever closed */
    uint64_t random;         /* lock; for the numbers in tokens */
    struct account *account; /* charged per handle; a reference */
};

/* Of zeroes before. */
void handle_table_init(struct handle_table *table, struct account *account);
/* An empty table's memory. */
void handle_table_free(struct handle_table *table);

/* BAD_HANDLE, REVOKED, WRONG_TYPE or NO_RIGHT. type OBJECT_ANY takes each. O(1), no lock, no reference. */
enum status handle_resolve(const struct handle_table *table, handle_t token, enum object_type type,
                           uint32_t rights, struct handle_view *view) must_check;

/*
 * What a thread remembers of the last handle it used in a way. As long as no handle of the table
 * has been closed since, it is what handle_resolve would find, but for a revocation: that is for
 * the caller to see, where who revokes would find what it does.
 */
struct handle_memory {
    handle_t token;
    uint64_t closings; /* the table's when the handle was looked up */
    struct object *object;
    const struct derivation *derivation;
};

/* Look a handle up and remember what was found: its object, or NULL. */
ARCH_COLD void handle_remember(const struct handle_table *table, handle_t token,
                               enum object_type type, uint32_t rights,
                               struct handle_memory *memory);

/* The object; NULL leaves it to handle_resolve to say why not. One memory is always used with the same type and rights. */
static inline struct object *handle_recall(const struct handle_table *table, handle_t token,
                                           enum object_type type, uint32_t rights,
                                           struct handle_memory *memory)
{
    if (memory->token != token ||
        memory->closings != __atomic_load_n(&table->closings, __ATOMIC_ACQUIRE))
        handle_remember(table, token, type, rights, memory);
    return memory->object;
}

/* A new handle as `view` says; references are taken. LIMIT, NO_MEMORY; DEAD for a table that
 * is being drained; BAD_HANDLE if what the view was resolved from has been closed meanwhile. */
enum status handle_insert(struct handle_table *table, const struct handle_view *view,
                          handle_t *token) must_check;
/* One that is derived from no other. */
enum status handle_create(struct handle_table *table, struct object *object, uint32_t rights,
                          handle_t *token) must_check;
/* What holding a handle means to its object, apart from any table; and letting go. False if the
 * handle that the view was resolved from was the last of its derivation and has been closed. */
bool handle_view_hold(const struct handle_view *view) must_check;
void handle_view_drop(const struct handle_view *view);

/* A copy of one with RIGHT_COPY, with reduced rights, in this or another table, given back as a call
 * returns it. */
int64_t handle_copy(const struct handle_table *table, handle_t handle, uint32_t rights,
                    uint32_t flags, struct handle_table *to);
/* Rights met with those asked for; RIGHT_SAME leaves them. INVALID for unknown bits. */
enum status handle_meet_rights(uint32_t *rights, uint32_t wanted) must_check;
enum status handle_mark(struct handle_table *table, handle_t token, uint32_t flags) must_check;
enum status handle_close(struct handle_table *table, handle_t token) must_check;
/* Empty up to `limit` slots, for good; true when the table is empty. For teardown in steps. */
bool handle_table_drain(struct handle_table *table, uint32_t limit);

/* Copy every handle without HANDLE_NOT_CLONED to the same token of an empty table. */
enum status handle_table_clone(struct handle_table *from, struct handle_table *to) must_check;

/* What was made through a handle and must end with its revocation (a mapping)
 * keeps its derivation and looks at `dead`. Releasing may take the derivation
 * lock. */
/* False if the last reference to what was only looked up has gone meanwhile. */
bool derivation_try_acquire(struct derivation *derivation) must_check;
void derivation_release(struct derivation *derivation);

/* Make the creator's reference into a handle, given back as a call returns it. If that fails
 * the object goes: the caller may look at it until the kernel is left. */
static inline int64_t handle_of_created(struct handle_table *table, struct object *object,
                                        uint32_t rights)
{
    handle_t token;
    enum status status = handle_create(table, object, rights, &token);
    object_release(object);
    return status == STATUS_OK ? (int64_t)token : status_to_result(status);
}

void derivation_init_root(struct derivation *derivation, struct object *object);
