/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Handles on their way through a stream.
 *
 * A parcel holds what a handle holds: references to object and derivation, and
 * it counts as a handle, so that an object in a stream is reachable and a
 * stream's end in a stream is open. Tokens are made only when it is read.
 *
 * That a stream which is carried carries none is kept by two counts in each
 * stream under one lock for all.
 */
#include <kernel/stream.h>

#include <kernel/process.h>
#include <kernel/slab.h>
#include <kernel/thread.h>

static struct slab_cache parcel_cache = SLAB_CACHE("parcel", struct parcel);
static struct spinlock carry_lock = SPINLOCK_INITIAL(LOCK_OBJECT);

static struct stream *carried_stream(const struct handle_view *view)
{
    return view->object->type == OBJECT_STREAM ? container_of(view->object, struct stream, object)
                                               : NULL;
}

static bool may_carry(const struct stream *stream, const struct parcel *parcel)
{
    for (uint32_t i = 0; i < parcel->count; i++) {
        const struct stream *inner = carried_stream(&parcel->handles[i]);
        if (inner != NULL && (inner == stream || inner->carries != 0 || stream->carried != 0))
            return false;
    }
    return true;
}

static void carry(struct stream *stream, const struct parcel *parcel, int32_t change)
{
    for (uint32_t i = 0; i < parcel->count; i++) {
        struct stream *inner = carried_stream(&parcel->handles[i]);
        if (inner != NULL) {
            inner->carried += (uint32_t)change;
            stream->carries += (uint32_t)change;
        }
    }
}

static void hold(const struct handle_view *view)
{
    struct object *object = view->object;
    object_acquire(object);
    derivation_acquire(view->derivation);
    atomic_fetch_add(&object->handles, 1);
    if (object_operations[object->type].opened != NULL)
        object_operations[object->type].opened(object, view->rights);
}

static void drop(const struct handle_view *view)
{
    struct object *object = view->object;
    if (object_operations[object->type].closed != NULL)
        object_operations[object->type].closed(object, view->rights);
    if (atomic_fetch_sub(&object->handles, 1) == 1 &&
        object_operations[object->type].unreachable != NULL)
        object_operations[object->type].unreachable(object);
    derivation_release(view->derivation);
    object_release(object);
}

/* One of the sender's handles, without a reference yet. */
static enum status resolve(struct thread *self, const struct message_handle *name,
                           struct handle_view *view)
{
    bool move = (name->flags & MESSAGE_HANDLE_MOVE) != 0;
    if ((name->flags & ~(uint32_t)MESSAGE_HANDLE_MOVE) != 0)
        return STATUS_INVALID;
    enum status status = handle_resolve(&self->process->handles, name->handle, OBJECT_ANY,
                                        move ? RIGHT_MOVE : RIGHT_COPY, view);
    if (status != STATUS_OK)
        return status;
    if ((name->rights & RIGHT_SAME) == 0)
        view->rights &= name->rights;
    view->flags = 0;
    return STATUS_OK;
}

/* A handle that is moved can be named only once. */
static bool names_are_distinct(const struct message_handle *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (names[i].handle == names[k].handle &&
                ((names[i].flags | names[k].flags) & MESSAGE_HANDLE_MOVE) != 0)
                return false;
        }
    }
    return true;
}

static enum status fill(struct thread *self, const struct message_handle *names, uint32_t count,
                        struct parcel_outgoing *outgoing)
{
    struct parcel *parcel = outgoing->parcel;
    if (!names_are_distinct(names, count))
        return STATUS_INVALID;
    for (; parcel->count < count; parcel->count++) {
        const struct message_handle *name = &names[parcel->count];
        enum status status = resolve(self, name, &parcel->handles[parcel->count]);
        if (status != STATUS_OK)
            return status;
        if ((name->flags & MESSAGE_HANDLE_MOVE) != 0)
            outgoing->moved[parcel->count] = name->handle;
    }
    return STATUS_OK;
}

static enum status start_carrying(struct stream *stream, struct parcel *parcel)
{
    lock_acquire(&carry_lock);
    bool allowed = may_carry(stream, parcel);
    if (allowed)
        carry(stream, parcel, 1);
    lock_release(&carry_lock);
    return allowed ? STATUS_OK : STATUS_LIMIT;
}

static enum status parcel_create(struct account *account, struct parcel **result)
{
    void *memory;
    enum status status = slab_allocate(&parcel_cache, account, &memory);
    if (status != STATUS_OK)
        return status;
    *result = memory;
    (*result)->account = account;
    list_node_init(&(*result)->link);
    return STATUS_OK;
}

/* The frame can change while we look: each name is read once. */
static enum status read_names(const struct frame *frame, struct message_handle *names,
                              uint32_t *count)
{
    uint64_t named = __atomic_load_n(&frame->handle_count, __ATOMIC_RELAXED);
    if (named > MESSAGE_HANDLES)
        return STATUS_INVALID;
    for (uint32_t i = 0; i < named; i++)
        names[i] = ((const volatile struct frame *)frame)->handles[i];
    *count = (uint32_t)named;
    return STATUS_OK;
}

enum status parcel_pack(struct thread *self, struct stream *stream,
                        struct parcel_outgoing *outgoing)
{
    struct message_handle names[MESSAGE_HANDLES];
    uint32_t count;
    *outgoing = (struct parcel_outgoing){.parcel = NULL};
    enum status status = read_names(self->frame, names, &count);
    if (status != STATUS_OK || count == 0)
        return status;
    status = parcel_create(stream->object.account, &outgoing->parcel);
    if (status != STATUS_OK)
        return status;
    struct parcel *parcel = outgoing->parcel;
    status = fill(self, names, count, outgoing);
    if (status == STATUS_OK)
        status = start_carrying(stream, parcel);
    if (status != STATUS_OK) {
        slab_free(&parcel_cache, parcel->account, parcel);
        return status;
    }
    for (uint32_t i = 0; i < parcel->count; i++)
        hold(&parcel->handles[i]);
    return STATUS_OK;
}

void parcel_sent(struct thread *self, const struct parcel_outgoing *outgoing)
{
    for (uint32_t i = 0; i < MESSAGE_HANDLES; i++) {
        if (outgoing->moved[i] != HANDLE_NONE)
            (void)handle_close(&self->process->handles, outgoing->moved[i]);
    }
}

enum status parcel_unpack(struct thread *self, const struct parcel *parcel,
                          struct parcel_incoming *incoming)
{
    for (incoming->count = 0; incoming->count < parcel->count; incoming->count++) {
        const struct handle_view *view = &parcel->handles[incoming->count];
        struct message_handle *given = &incoming->handles[incoming->count];
        *given = (struct message_handle){.rights = view->rights};
        enum status status = handle_insert(&self->process->handles, view->object, view->derivation,
                                           view->rights, 0, &given->handle);
        if (status != STATUS_OK) {
            parcel_repack(self, incoming);
            return status;
        }
    }
    return STATUS_OK;
}

void parcel_repack(struct thread *self, const struct parcel_incoming *incoming)
{
    for (uint32_t i = 0; i < incoming->count; i++)
        (void)handle_close(&self->process->handles, incoming->handles[i].handle);
}

void parcel_received(struct thread *self, const struct parcel_incoming *incoming)
{
    for (uint32_t i = 0; i < incoming->count; i++)
        self->frame->handles[i] = incoming->handles[i];
    self->frame->handle_count = incoming->count;
}

void parcel_drop(struct stream *stream, struct parcel *parcel)
{
    lock_acquire(&carry_lock);
    carry(stream, parcel, -1);
    lock_release(&carry_lock);
    for (uint32_t i = 0; i < parcel->count; i++)
        drop(&parcel->handles[i]);
    slab_free(&parcel_cache, parcel->account, parcel);
}
