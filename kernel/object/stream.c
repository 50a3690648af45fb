/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Streams.
 *
 * A read or write has three parts: under the lock it is planned and its end of
 * the ring is marked as in use; then bytes are copied without a lock, for a copy
 * can fault; then, under the lock again, it is committed by moving the start or
 * the end. A copy that fails has changed nothing. Who finds the mark set by
 * another CPU begins its call anew, so one end is used by one thread at a time
 * and both ends at once.
 *
 * With STREAM_MESSAGES each message is a record: its length in eight bytes, then
 * the text, rounded up to eight. So many small ones are bounded by the capacity
 * too, and a length is never split between pages.
 */
#include <kernel/stream.h>

#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/handle_parcel.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/slab.h>
#include <kernel/thread.h>

/* The most bytes one call copies where it may be cut; messages are whole. */
#define STEP_BYTES (UINT64_C(64) << 10)
#define HEADER sizeof(uint64_t)

#define END_RIGHTS (RIGHT_COPY | RIGHT_MOVE | RIGHT_WAIT | RIGHT_INSPECT | RIGHT_DERIVE)

/* Handles in a stream. */
struct enclosure {
    struct list_node link; /* object.lock of the stream */
    uint64_t position;     /* of the first byte of its write */
    struct parcel parcel;
};

static struct slab_cache enclosure_cache = SLAB_CACHE("enclosure", struct enclosure);
static struct spinlock carry_lock = SPINLOCK_INITIAL(LOCK_OBJECT);

static uint64_t least(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

static bool has_messages(const struct stream *stream)
{
    return (stream->flags & STREAM_MESSAGES) != 0;
}

/* What a write of so many bytes takes in the ring. */
static uint64_t record_size(const struct stream *stream, uint64_t length)
{
    return has_messages(stream) ? HEADER + ((length + HEADER - 1) & ~(HEADER - 1)) : length;
}

/* `raise`: readiness to be raised even if it stands. */
static void update_signals_locked(struct stream *stream, uint32_t raise)
{
    uint32_t ready = ring_is_empty(&stream->ring) ? 0 : SIGNAL_READABLE;
    if (ring_room(&stream->ring) >= record_size(stream, STREAM_ATOMIC))
        ready |= SIGNAL_WRITABLE;
    object_signal_locked(&stream->object, ~ready & (SIGNAL_READABLE | SIGNAL_WRITABLE),
                         ready & (raise | ~stream->object.signals));
}

/* Handles in it. */

/* Count the streams in a parcel as carried; with change 0 only see whether they may be. */
static bool carry_locked(struct stream *stream, const struct parcel *parcel, uint32_t change)
{
    for (uint32_t i = 0; i < parcel->count; i++) {
        struct object *object = parcel->handles[i].object;
        if (object->type != OBJECT_STREAM)
            continue;
        struct stream *inner = container_of(object, struct stream, object);
        if (change == 0 && (inner == stream || inner->carries != 0 || stream->carried != 0))
            return false;
        inner->carried += change;
        stream->carries += change;
    }
    return true;
}

static void enclosure_free(struct stream *stream, struct enclosure *enclosure)
{
    parcel_drop(&enclosure->parcel);
    account_uncharge(stream->object.account, ALLOW_HANDLES, MESSAGE_HANDLES);
    slab_free(&enclosure_cache, stream->object.account, enclosure);
}

/* It was in the stream. */
static void enclosure_drop(struct stream *stream, struct enclosure *enclosure)
{
    lock_acquire(&carry_lock);
    carry_locked(stream, &enclosure->parcel, -1u);
    lock_release(&carry_lock);
    enclosure_free(stream, enclosure);
}

static void drop_all(struct stream *stream, struct list *enclosed)
{
    for (struct list_node *node; (node = list_pop_front(enclosed)) != NULL;)
        enclosure_drop(stream, container_of(node, struct enclosure, link));
}

/* Empty; it counts as all the handles that it has room for. */
static enum status enclosure_create(struct account *account, struct enclosure **result)
{
    enum status status = account_charge(account, ALLOW_HANDLES, MESSAGE_HANDLES);
    if (status != STATUS_OK)
        return status;
    *result = slab_allocate(&enclosure_cache, account);
    if (*result != NULL)
        return STATUS_OK;
    account_uncharge(account, ALLOW_HANDLES, MESSAGE_HANDLES);
    return STATUS_NO_MEMORY;
}

/* What the frame of the thread names, or NULL if that is nothing. */
static enum status enclose(struct thread *self, struct stream *stream, struct enclosure **result)
{
    struct enclosure *enclosure;
    uint64_t count = ((const volatile struct frame *)self->frame)->handle_count;
    if (count == 0)
        return STATUS_OK;
    enum status status = enclosure_create(stream->object.account, &enclosure);
    if (status != STATUS_OK)
        return status;
    status = parcel_pack(self, count, &enclosure->parcel);
    lock_acquire(&carry_lock);
    if (status == STATUS_OK && !carry_locked(stream, &enclosure->parcel, 0))
        status = STATUS_LIMIT;
    if (status == STATUS_OK)
        carry_locked(stream, &enclosure->parcel, 1);
    lock_release(&carry_lock);
    if (status == STATUS_OK)
        *result = enclosure;
    else
        enclosure_free(stream, enclosure);
    return status;
}

/* Its ends. */

void stream_opened(struct object *object, uint32_t rights)
{
    struct stream *stream = container_of(object, struct stream, object);
    uint32_t reader = (rights & RIGHT_READ) != 0, writer = (rights & RIGHT_WRITE) != 0;
    lock_acquire(&object->lock);
    stream->readers += reader;
    stream->writers += writer;
    object_signal_locked(object, reader * SIGNAL_CLOSED_READ | writer * SIGNAL_CLOSED_WRITE, 0);
    lock_release(&object->lock);
}

/* Give up what nobody can read any more; what is being copied is left to stream_destroy. */
static void discard_locked(struct stream *stream, struct list *enclosed)
{
    if (stream->readers != 0 || stream->reading)
        return;
    for (struct list_node *node; (node = list_pop_front(&stream->enclosed)) != NULL;)
        list_push_back(enclosed, node);
    if (stream->writers == 0 && !stream->ring.reserved) {
        ring_take(&stream->ring, stream->ring.end);
        update_signals_locked(stream, 0);
    }
}

void stream_closed(struct object *object, uint32_t rights)
{
    struct stream *stream = container_of(object, struct stream, object);
    uint32_t reader = (rights & RIGHT_READ) != 0, writer = (rights & RIGHT_WRITE) != 0;
    struct list enclosed;
    list_init(&enclosed);
    lock_acquire(&object->lock);
    debug_assert(stream->readers >= reader && stream->writers >= writer);
    stream->readers -= reader;
    stream->writers -= writer;
    if (reader != 0 && stream->readers == 0)
        object_signal_locked(object, 0, SIGNAL_CLOSED_READ);
    if (writer != 0 && stream->writers == 0)
        object_signal_locked(object, 0, SIGNAL_CLOSED_WRITE);
    discard_locked(stream, &enclosed);
    lock_release(&object->lock);
    drop_all(stream, &enclosed);
}

void stream_destroy(struct object *object)
{
    struct stream *stream = container_of(object, struct stream, object);
    drop_all(stream, &stream->enclosed);
    ring_free(&stream->ring);
    object_free(object);
}

static enum status stream_create(struct account *account, uint64_t capacity, uint32_t flags,
                                 struct stream **result)
{
    if (capacity == 0 || capacity > STREAM_CAPACITY_MAX)
        return STATUS_OUT_OF_RANGE;
    uint64_t pages = (capacity - 1) / PAGE_SIZE + 1 + ((flags & STREAM_MESSAGES) != 0);
    struct stream *stream = object_create(OBJECT_STREAM, account);
    if (stream == NULL)
        return STATUS_NO_MEMORY;
    enum status status = ring_init(&stream->ring, account, pages);
    if (status != STATUS_OK) {
        object_free(&stream->object);
        return status;
    }
    stream->object.signals = SIGNAL_WRITABLE;
    stream->flags = flags;
    list_init(&stream->enclosed);
    *result = stream;
    return STATUS_OK;
}

int64_t call_stream_create(struct thread *self, const struct stream_create_arguments *arguments)
{
    struct handle_table *table = &self->process->handles;
    struct stream_handles *ends = arguments->ends;
    struct stream *stream;
    enum status status =
        stream_create(arguments->account, arguments->capacity, arguments->flags, &stream);
    if (status != STATUS_OK)
        return status_to_result(status);
    struct object *object = &stream->object;
    status = handle_create(table, object, END_RIGHTS | RIGHT_READ, &ends->read_end);
    if (status == STATUS_OK)
        status = handle_create(table, object, END_RIGHTS | RIGHT_WRITE, &ends->write_end);
    if (status != STATUS_OK)
        (void)handle_close(table, ends->read_end);
    object_release(object);
    return status_to_result(status);
}

/* Reading. */

struct read_plan {
    uint64_t position, count; /* what to copy */
    uint64_t next;            /* the new start; 0: there is nothing */
    struct enclosure *enclosure;
};

/* The stream is not empty. */
static void plan_read_locked(struct stream *stream, uint64_t length, struct read_plan *plan)
{
    const struct ring *ring = &stream->ring;
    struct list_node *head = &stream->enclosed.head, *node = head->next;
    struct enclosure *first = container_of(node, struct enclosure, link);
    *plan = (struct read_plan){.position = ring->start};
    if (node != head && first->position == ring->start) {
        plan->enclosure = first;
        node = node->next;
    }
    if (has_messages(stream)) {
        uint64_t size = *(uint64_t *)ring_byte(ring, ring->start);
        plan->position += HEADER;
        plan->count = least(size, length);
        plan->next = ring->start + record_size(stream, size);
        return;
    }
    uint64_t end = node != head ? container_of(node, struct enclosure, link)->position : ring->end;
    plan->count = least(least(length, STEP_BYTES), end - ring->start);
    plan->next = ring->start + plan->count;
}

/* On success the end is marked, unless there is nothing and never will be. */
static enum status begin_read_locked(struct stream *stream, uint64_t length, struct read_plan *plan)
{
    if (stream->reading)
        return STATUS_RESTART;
    if (ring_is_empty(&stream->ring))
        return stream->writers == 0 ? STATUS_OK : STATUS_WOULD_BLOCK;
    plan_read_locked(stream, length, plan);
    stream->reading = true;
    return STATUS_OK;
}

static void end_read(struct stream *stream, const struct read_plan *plan, bool take)
{
    bool enclosure = take && plan->enclosure != NULL;
    lock_acquire(&stream->object.lock);
    stream->reading = false;
    if (enclosure)
        list_remove(&plan->enclosure->link);
    if (take) {
        stream->read += has_messages(stream) ? 1 : plan->count;
        ring_take(&stream->ring, plan->next);
        update_signals_locked(stream, 0);
    }
    lock_release(&stream->object.lock);
    if (enclosure)
        enclosure_drop(stream, plan->enclosure);
}

static void tell_handles(struct thread *self, uint32_t flags, const struct message_handle *made,
                         uint32_t count)
{
    if ((flags & STREAM_HANDLES) == 0)
        return;
    for (uint32_t i = 0; i < count; i++)
        self->frame->handles[i] = made[i];
    self->frame->handle_count = count;
}

static enum status copy_planned(struct thread *self, const struct stream_read_arguments *arguments,
                                const struct read_plan *plan)
{
    struct stream *stream = arguments->stream;
    bool take = (arguments->flags & STREAM_PEEK) == 0;
    struct message_handle made[MESSAGE_HANDLES];
    uint32_t count = 0;
    enum status status = STATUS_OK;
    if (take && (arguments->flags & STREAM_HANDLES) != 0 && plan->enclosure != NULL) {
        status = parcel_unpack(self, &plan->enclosure->parcel, made);
        count = status == STATUS_OK ? plan->enclosure->parcel.count : 0;
    }
    if (status == STATUS_OK)
        status = ring_copy(&stream->ring, RING_OUT, plan->position, arguments->buffer, plan->count);
    end_read(stream, plan, take && status == STATUS_OK);
    if (status != STATUS_OK) {
        parcel_repack(self, made, count);
        return status;
    }
    tell_handles(self, arguments->flags, made, count);
    return STATUS_OK;
}

int64_t call_stream_read(struct thread *self, const struct stream_read_arguments *arguments)
{
    struct stream *stream = arguments->stream;
    struct read_plan plan = {.next = 0};
    enum status status = STATUS_OK;
    if (arguments->length != 0 || has_messages(stream)) {
        lock_acquire(&stream->object.lock);
        status = begin_read_locked(stream, arguments->length, &plan);
        lock_release(&stream->object.lock);
    }
    if (plan.next != 0)
        status = copy_planned(self, arguments, &plan);
    else if (status == STATUS_OK)
        tell_handles(self, arguments->flags, NULL, 0);
    return status == STATUS_OK ? (int64_t)plan.count : status_to_result(status);
}

/* Writing. */

/* How much of *length is to be written; on success the ring is reserved for it. */
static enum status begin_write_locked(struct stream *stream, uint64_t *length)
{
    uint64_t free = ring_room(&stream->ring);
    if (stream->ring.reserved)
        return STATUS_RESTART;
    if (stream->readers == 0)
        return STATUS_CLOSED;
    if (!has_messages(stream) && *length > STREAM_ATOMIC && free > 0)
        *length = least(least(*length, STEP_BYTES), free);
    if (record_size(stream, *length) > free)
        return STATUS_WOULD_BLOCK;
    return ring_reserve(&stream->ring, record_size(stream, *length));
}

/* The end does not move while the ring is reserved. */
static enum status copy_to_end(struct stream *stream, uint64_t user, uint64_t length)
{
    uint64_t position = stream->ring.end;
    if (has_messages(stream)) {
        *(uint64_t *)ring_byte(&stream->ring, position) = length;
        position += HEADER;
    }
    return ring_copy(&stream->ring, RING_IN, position, user, length);
}

/* `size` 0: nothing after all. */
static void end_write(struct stream *stream, uint64_t size, struct enclosure *enclosure)
{
    lock_acquire(&stream->object.lock);
    if (enclosure != NULL) {
        enclosure->position = stream->ring.end;
        list_push_back(&stream->enclosed, &enclosure->link);
    }
    ring_put(&stream->ring, size);
    stream->written += has_messages(stream) && size != 0 ? 1 : size;
    update_signals_locked(stream, size != 0 ? SIGNAL_READABLE : 0);
    lock_release(&stream->object.lock);
}

static enum status stream_write(struct thread *self, const struct stream_write_arguments *arguments,
                                uint64_t *length, struct enclosure *enclosure)
{
    struct stream *stream = arguments->stream;
    lock_acquire(&stream->object.lock);
    enum status status = begin_write_locked(stream, length);
    lock_release(&stream->object.lock);
    if (status != STATUS_OK)
        return status;
    status = copy_to_end(stream, arguments->buffer, *length);
    if (status != STATUS_OK) {
        end_write(stream, 0, NULL);
        return status;
    }
    if (enclosure != NULL)
        parcel_send(self, &enclosure->parcel);
    end_write(stream, record_size(stream, *length), enclosure);
    return STATUS_OK;
}

int64_t call_stream_write(struct thread *self, const struct stream_write_arguments *arguments)
{
    struct stream *stream = arguments->stream;
    struct enclosure *enclosure = NULL;
    uint64_t length = arguments->length;
    bool handles = (arguments->flags & STREAM_HANDLES) != 0;
    if (has_messages(stream) && length > ring_capacity(&stream->ring) - HEADER)
        return status_to_result(STATUS_OUT_OF_RANGE);
    if (handles && record_size(stream, length) == 0)
        return status_to_result(STATUS_INVALID);
    enum status status = handles ? enclose(self, stream, &enclosure) : STATUS_OK;
    if (status == STATUS_OK)
        status = stream_write(self, arguments, &length, enclosure);
    if (status != STATUS_OK && enclosure != NULL)
        enclosure_drop(stream, enclosure);
    return status == STATUS_OK ? (int64_t)length : status_to_result(status);
}

int64_t call_stream_inspect(struct thread *self, const struct stream_inspect_arguments *arguments)
{
    struct stream *stream = arguments->stream;
    struct stream_information *information = arguments->information;
    lock_acquire(&stream->object.lock);
    information->capacity = ring_capacity(&stream->ring);
    information->available = information->next = stream->ring.end - stream->ring.start;
    if (has_messages(stream) && !ring_is_empty(&stream->ring))
        information->next = *(uint64_t *)ring_byte(&stream->ring, stream->ring.start);
    information->readers = stream->readers;
    information->writers = stream->writers;
    information->read = stream->read;
    information->written = stream->written;
    lock_release(&stream->object.lock);
    return 0;
}
