/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Handle tables.
 *
 * Slots are in chunks that double in size and never move, so a lookup is two
 * loads and a comparison of tokens, without a lock. A free slot has token 0 and
 * holds the number of the next free one. The upper part of a token is drawn
 * anew at each use, so a stale token never names what the slot holds now.
 */
#include <kernel/handle.h>

#include <arch/cpu.h>
#include <kernel/account.h>
#include <kernel/log.h>
#include <kernel/relaxed.h>
#include <kernel/slab.h>

#define NO_SLOT UINT32_MAX

static uint32_t chunk_of(uint32_t index)
{
    uint32_t above = index >> HANDLE_FIRST_BITS;
    return above == 0 ? 0 : 32 - (uint32_t)__builtin_clz(above);
}

static uint32_t chunk_start(uint32_t chunk)
{
    return chunk == 0 ? 0 : 1u << (HANDLE_FIRST_BITS + chunk - 1);
}

static uint32_t chunk_size(uint32_t chunk)
{
    return chunk == 0 ? 1u << HANDLE_FIRST_BITS : chunk_start(chunk);
}

static struct handle_slot *slot_in(const struct handle_table *table, uint32_t chunk, uint32_t n)
{
    struct handle_slot *slots = atomic_load_explicit(&table->chunks[chunk], memory_order_acquire);
    return slots == NULL ? NULL : slots + n;
}

/* The slot of an index, or NULL if its chunk was never made. Most are in the first. */
static inline struct handle_slot *slot_at(const struct handle_table *table, uint32_t index)
{
    if (index >> HANDLE_FIRST_BITS == 0)
        return slot_in(table, 0, index);
    return slot_in(table, chunk_of(index), index - chunk_start(chunk_of(index)));
}

void handle_table_init(struct handle_table *table, struct account *account)
{
    lock_init(&table->lock, LOCK_HANDLES);
    table->first_free = NO_SLOT;
    table->account = account;
    if (!arch_random(&table->random))
        table->random = arch_counter_read();
    table->random |= 1;
    object_acquire(&account->object);
}

void handle_table_free(struct handle_table *table)
{
    for (uint32_t chunk = 0; chunk < HANDLE_CHUNKS; chunk++) {
        struct handle_slot *slots = atomic_load(&table->chunks[chunk]);
        if (slots != NULL)
            memory_free(table->account, slots, chunk_size(chunk) * sizeof(*slots));
    }
    object_release(&table->account->object);
}

static uint64_t draw_token(struct handle_table *table, uint32_t index)
{
    table->random ^= table->random << 13;
    table->random ^= table->random >> 7;
    table->random ^= table->random << 17;
    uint64_t number = table->random >> (64 - 43);
    return (number | 1) << HANDLE_SLOT_BITS | index;
}

static enum status make_chunk(struct handle_table *table, uint32_t chunk)
{
    void *slots = memory_allocate(table->account, chunk_size(chunk) * sizeof(struct handle_slot));
    atomic_store_explicit(&table->chunks[chunk], slots, memory_order_release);
    return slots != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

/* A free slot, taken off the free list. Table locked. */
static enum status take_slot(struct handle_table *table, uint32_t *index)
{
    if (table->draining)
        return STATUS_DEAD;
    if (table->first_free != NO_SLOT) {
        *index = table->first_free;
        table->first_free = slot_at(table, *index)->view.rights;
        return STATUS_OK;
    }
    if (table->used_slots > HANDLE_SLOT_MASK)
        return STATUS_LIMIT;
    *index = table->used_slots;
    if (slot_at(table, *index) == NULL) {
        enum status status = make_chunk(table, chunk_of(*index));
        if (status != STATUS_OK)
            return status;
    }
    table->used_slots++;
    return STATUS_OK;
}

/* The token of one that was in use is 0 already. Table locked. */
static void free_slot(struct handle_table *table, struct handle_slot *slot, uint32_t index)
{
    relaxed_store(&slot->view.rights, table->first_free);
    table->first_free = index;
}

/* The slot may be emptied and filled again meanwhile: what was read is one handle's only if
 * the token is still the same. */
static bool read_slot(const struct handle_slot *slot, handle_t token, struct handle_view *view)
{
    if (atomic_load_explicit(&slot->token, memory_order_acquire) != token)
        return false;
    view->object = relaxed_load(&slot->view.object);
    view->derivation = relaxed_load(&slot->view.derivation);
    view->rights = relaxed_load(&slot->view.rights);
    view->flags = relaxed_load(&slot->view.flags);
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&slot->token, memory_order_relaxed) == token;
}

enum status handle_resolve(const struct handle_table *table, handle_t token, enum object_type type,
                           uint32_t rights, struct handle_view *view)
{
    const struct handle_slot *slot = slot_at(table, token & HANDLE_SLOT_MASK);
    if (token == HANDLE_NONE || slot == NULL || !read_slot(slot, token, view))
        return STATUS_BAD_HANDLE;
    if (atomic_load_explicit(&view->derivation->dead, memory_order_relaxed))
        return STATUS_REVOKED;
    if (type != OBJECT_ANY && view->object->type != type)
        return STATUS_WRONG_TYPE;
    return (view->rights & rights) == rights ? STATUS_OK : STATUS_NO_RIGHT;
}

ARCH_COLD void handle_remember(const struct handle_table *table, handle_t token,
                               enum object_type type, uint32_t rights, struct handle_memory *memory)
{
    struct handle_view view;
    uint64_t closings = __atomic_load_n(&table->closings, __ATOMIC_ACQUIRE);
    if (handle_resolve(table, token, type, rights, &view) == STATUS_OK)
        *memory = (struct handle_memory){token, closings, view.object, view.derivation};
    else
        *memory = (struct handle_memory){.token = HANDLE_NONE};
}

static void count_opened(struct object *object, uint32_t rights, uint32_t flags)
{
    if ((flags & HANDLE_NOT_COUNTED) == 0 && object_operations[object->type].opened != NULL)
        object_operations[object->type].opened(object, rights);
}

static void count_closed(struct object *object, uint32_t rights, uint32_t flags)
{
    if ((flags & HANDLE_NOT_COUNTED) == 0 && object_operations[object->type].closed != NULL)
        object_operations[object->type].closed(object, rights);
}

bool handle_view_hold(const struct handle_view *view)
{
    if (!derivation_try_acquire(view->derivation))
        return false;
    object_acquire(view->object);
    atomic_fetch_add(&view->object->handles, 1);
    count_opened(view->object, view->rights, view->flags);
    return true;
}

void handle_view_drop(const struct handle_view *view)
{
    struct object *object = view->object;
    count_closed(object, view->rights, view->flags);
    derivation_release(view->derivation);
    if (atomic_fetch_sub(&object->handles, 1) == 1 &&
        object_operations[object->type].unreachable != NULL)
        object_operations[object->type].unreachable(object);
    object_release(object);
}

static void fill_slot(struct handle_slot *slot, const struct handle_view *view, uint64_t token)
{
    relaxed_store(&slot->view.object, view->object);
    relaxed_store(&slot->view.derivation, view->derivation);
    relaxed_store(&slot->view.rights, view->rights);
    relaxed_store(&slot->view.flags, view->flags);
    atomic_store_explicit(&slot->token, token, memory_order_release);
}

/* The references are taken here. Table locked. */
static enum status insert_locked(struct handle_table *table, const struct handle_view *view,
                                 handle_t *token)
{
    uint32_t index;
    enum status status = take_slot(table, &index);
    if (status != STATUS_OK)
        return status;
    struct handle_slot *slot = slot_at(table, index);
    if (!handle_view_hold(view)) {
        free_slot(table, slot, index);
        return STATUS_BAD_HANDLE;
    }
    *token = draw_token(table, index);
    fill_slot(slot, view, *token);
    table->count++;
    return STATUS_OK;
}

enum status handle_insert(struct handle_table *table, const struct handle_view *view,
                          handle_t *token)
{
    enum status status = account_charge(table->account, ALLOW_HANDLES, 1);
    if (status != STATUS_OK)
        return status;
    lock_acquire(&table->lock);
    status = insert_locked(table, view, token);
    lock_release(&table->lock);
    if (status != STATUS_OK)
        account_uncharge(table->account, ALLOW_HANDLES, 1);
    return status;
}

enum status handle_create(struct handle_table *table, struct object *object, uint32_t rights,
                          handle_t *token)
{
    const struct handle_view view = {object, &object->root, rights, 0};
    return handle_insert(table, &view, token);
}

/* Empty a slot; its references pass to `view`. Table locked. */
static void empty_slot(struct handle_table *table, struct handle_slot *slot, uint32_t index,
                       struct handle_view *view)
{
    *view = slot->view;
    atomic_store_explicit(&slot->token, 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release); /* before the slot changes: see read_slot */
    free_slot(table, slot, index);
    table->count--;
    relaxed_add(&table->closings, 1);
}

enum status handle_close(struct handle_table *table, handle_t token)
{
    uint32_t index = token & HANDLE_SLOT_MASK;
    struct handle_view view;

    lock_acquire(&table->lock);
    struct handle_slot *slot = slot_at(table, index);
    bool found = token != HANDLE_NONE && slot != NULL && atomic_load(&slot->token) == token;
    if (found)
        empty_slot(table, slot, index, &view);
    lock_release(&table->lock);
    if (!found)
        return STATUS_BAD_HANDLE;
    account_uncharge(table->account, ALLOW_HANDLES, 1);
    handle_view_drop(&view);
    return STATUS_OK;
}

/* Empty the last slot; whether it was in use. Table locked. */
static bool take_last(struct handle_table *table, struct handle_view *view)
{
    uint32_t index = --table->used_slots;
    struct handle_slot *slot = slot_at(table, index);
    if (atomic_load(&slot->token) == 0)
        return false;
    empty_slot(table, slot, index, view);
    return true;
}

bool handle_table_drain(struct handle_table *table, uint32_t limit)
{
    bool is_empty = false;
    for (; !is_empty && limit > 0; limit--) {
        struct handle_view view;
        lock_acquire(&table->lock);
        table->draining = true;
        is_empty = table->used_slots == 0;
        bool used = !is_empty && take_last(table, &view);
        lock_release(&table->lock);
        if (used) {
            account_uncharge(table->account, ALLOW_HANDLES, 1);
            handle_view_drop(&view);
        }
    }
    return is_empty;
}

/* Have as many slots as another table, and the handles in it paid for. Both locked. */
static enum status prepare_clone(const struct handle_table *from, struct handle_table *to)
{
    for (uint32_t chunk = 0; chunk < HANDLE_CHUNKS && chunk_start(chunk) < from->used_slots;
         chunk++) {
        enum status status = make_chunk(to, chunk);
        if (status != STATUS_OK)
            return status;
    }
    return account_charge(to->account, ALLOW_HANDLES, from->count);
}

/* From the last to the first, so that the lowest free slot is used first. Both locked. */
static void clone_slots(const struct handle_table *from, struct handle_table *to)
{
    to->used_slots = from->used_slots;
    for (uint32_t index = from->used_slots; index-- > 0;) {
        const struct handle_slot *source = slot_at(from, index);
        struct handle_slot *target = slot_at(to, index);
        uint64_t token = atomic_load(&source->token);
        if (token == 0 || (source->view.flags & HANDLE_NOT_CLONED) != 0) {
            target->view.rights = to->first_free;
            to->first_free = index;
            continue;
        }
        bool held = handle_view_hold(&source->view); /* the source's slot has references */
        debug_assert(held);
        (void)held;
        fill_slot(target, &source->view, token);
        to->count++;
    }
}

enum status handle_table_clone(struct handle_table *from, struct handle_table *to)
{
    lock_acquire_two(&from->lock, &to->lock);
    enum status status = prepare_clone(from, to);
    uint32_t charged = from->count;
    if (status == STATUS_OK)
        clone_slots(from, to);
    lock_release(&to->lock);
    lock_release(&from->lock);
    if (status == STATUS_OK)
        account_uncharge(to->account, ALLOW_HANDLES, charged - to->count);
    return status;
}

enum status handle_mark(struct handle_table *table, handle_t token, uint32_t flags)
{
    struct handle_slot *slot = slot_at(table, token & HANDLE_SLOT_MASK);
    struct handle_view view;

    lock_acquire(&table->lock);
    enum status status = handle_resolve(table, token, OBJECT_ANY, 0, &view);
    if (status == STATUS_OK)
        relaxed_store(&slot->view.flags, flags);
    lock_release(&table->lock);
    if (status != STATUS_OK)
        return status;
    count_opened(view.object, view.rights, flags);
    count_closed(view.object, view.rights, view.flags);
    return STATUS_OK;
}
