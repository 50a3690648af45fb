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
 * With STREAM_MESSAGES each message has its length before it in the ring, so
 * that many small or empty ones are bounded by the capacity too.
 */
#include <kernel/stream.h>

#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/slab.h>
#include <kernel/thread.h>

/* The most bytes one call copies where it may be cut; messages are whole. */
#define STEP_BYTES (UINT64_C(64) << 10)

#define READ_END_RIGHTS                                                                            \
    (RIGHT_COPY | RIGHT_MOVE | RIGHT_READ | RIGHT_WAIT | RIGHT_INSPECT | RIGHT_DERIVE)
#define WRITE_END_RIGHTS                                                                           \
    (RIGHT_COPY | RIGHT_MOVE | RIGHT_WRITE | RIGHT_WAIT | RIGHT_INSPECT | RIGHT_DERIVE)

static struct slab_cache stream_cache = SLAB_CACHE("stream", struct stream);

static struct stream *stream_of(struct object *object)
{
    return container_of(object, struct stream, object);
}

/* What comes before each message in the ring. */
static uint64_t header_size(const struct stream *stream)
{
    return (stream->flags & STREAM_MESSAGES) != 0 ? sizeof(uint64_t) : 0;
}

static uint64_t room(const struct stream *stream)
{
    return stream->capacity - (stream->end - stream->start);
}

/* `raise`: readiness to be raised even if it stands. */
static void update_signals_locked(struct stream *stream, uint32_t raise)
{
    uint32_t ready = 0;
    if (stream->start != stream->end)
        ready |= SIGNAL_READABLE;
    if (room(stream) >= STREAM_ATOMIC + header_size(stream))
        ready |= SIGNAL_WRITABLE;
    object_signal_locked(&stream->object, ~ready & (SIGNAL_READABLE | SIGNAL_WRITABLE),
                         ready & (raise | ~stream->object.signals));
}

/* Ends. */

static void drop_parcels(struct stream *stream, struct list *parcels)
{
    for (struct list_node *node; (node = list_pop_front(parcels)) != NULL;)
        parcel_drop(stream, container_of(node, struct parcel, link));
}

static void take_parcels_locked(struct stream *stream, struct list *parcels)
{
    for (struct list_node *node; (node = list_pop_front(&stream->parcels)) != NULL;)
        list_push_back(parcels, node);
}

/* Give up what nobody can read any more; what is being copied is left to stream_destroy. */
static void discard_locked(struct stream *stream, struct list *parcels)
{
    if (stream->readers != 0 || stream->reading)
        return;
    take_parcels_locked(stream, parcels);
    if (stream->writers != 0 || stream->writing)
        return;
    stream_ring_trim(stream, stream->end);
    stream->available = 0;
    update_signals_locked(stream, 0);
}

void stream_opened(struct object *object, uint32_t rights)
{
    struct stream *stream = stream_of(object);
    uint32_t reader = (rights & RIGHT_READ) != 0, writer = (rights & RIGHT_WRITE) != 0;
    lock_acquire(&object->lock);
    stream->readers += reader;
    stream->writers += writer;
    object_signal_locked(object, (reader ? SIGNAL_CLOSED_READ : 0u) |
                                     (writer ? SIGNAL_CLOSED_WRITE : 0u), 0);
    lock_release(&object->lock);
}

void stream_closed(struct object *object, uint32_t rights)
{
    struct stream *stream = stream_of(object);
    uint32_t reader = (rights & RIGHT_READ) != 0, writer = (rights & RIGHT_WRITE) != 0;
    struct list parcels;
    list_init(&parcels);
    lock_acquire(&object->lock);
    debug_assert(stream->readers >= reader && stream->writers >= writer);
    stream->readers -= reader;
    stream->writers -= writer;
    object_signal_locked(object, 0,
                         (reader && stream->readers == 0 ? SIGNAL_CLOSED_READ : 0u) |
                             (writer && stream->writers == 0 ? SIGNAL_CLOSED_WRITE : 0u));
    discard_locked(stream, &parcels);
    lock_release(&object->lock);
    drop_parcels(stream, &parcels);
}

void stream_destroy(struct object *object)
{
    struct stream *stream = stream_of(object);
    drop_parcels(stream, &stream->parcels);
    stream_ring_free(stream);
    memory_free(object->account, stream->pages, stream->page_count * sizeof(stream->pages[0]));
    slab_free(&stream_cache, object->account, stream);
}

static enum status stream_create(struct account *account, uint64_t capacity, uint32_t flags,
                                 struct stream **result)
{
    if (capacity == 0 || capacity > STREAM_CAPACITY_MAX)
        return STATUS_OUT_OF_RANGE;
    uint64_t headers = (flags & STREAM_MESSAGES) != 0 ? PAGE_SIZE : 0;
    uint64_t page_count = (capacity + headers + PAGE_SIZE - 1) / PAGE_SIZE;
    void *pages, *memory;
    enum status status = memory_allocate(account, page_count * sizeof(struct page *), &pages);
    if (status != STATUS_OK)
        return status;
    status = slab_allocate(&stream_cache, account, &memory);
    if (status != STATUS_OK) {
        memory_free(account, pages, page_count * sizeof(struct page *));
        return status;
    }
    struct stream *stream = memory;
    object_init(&stream->object, OBJECT_STREAM, account);
    stream->object.signals = SIGNAL_WRITABLE;
    stream->flags = flags;
    stream->pages = pages;
    stream->page_count = page_count;
    stream->capacity = page_count * PAGE_SIZE;
    list_init(&stream->parcels);
    *result = stream;
    return STATUS_OK;
}

static enum status insert_ends(struct handle_table *table, struct stream *stream,
                               struct stream_handles *ends)
{
    enum status status =
        handle_insert(table, &stream->object, NULL, READ_END_RIGHTS, 0, &ends->read_end);
    if (status != STATUS_OK)
        return status;
    status = handle_insert(table, &stream->object, NULL, WRITE_END_RIGHTS, 0, &ends->write_end);
    if (status != STATUS_OK)
        (void)handle_close(table, ends->read_end);
    return status;
}

int64_t call_stream_create(struct thread *self, const struct stream_create_arguments *arguments)
{
    struct stream *stream;
    enum status status =
        stream_create(arguments->account, arguments->capacity, arguments->flags, &stream);
    if (status != STATUS_OK)
        return status_to_result(status);
    status = insert_ends(&self->process->handles, stream, arguments->ends);
    object_release(&stream->object);
    return status_to_result(status);
}

/* Reading. */

struct read_plan {
    uint64_t position; /* of the first byte to copy */
    uint64_t count;    /* to copy */
    uint64_t consumed; /* bytes that are available no more */
    uint64_t next;     /* the new start */
    struct parcel *parcel;
};

static struct parcel *parcel_at(struct stream *stream, struct list_node *node)
{
    return node != &stream->parcels.head ? container_of(node, struct parcel, link) : NULL;
}

static void plan_message(struct stream *stream, uint64_t length, struct read_plan *plan)
{
    stream_ring_load(stream, stream->start, &plan->consumed, sizeof(plan->consumed));
    plan->position = stream->start + sizeof(plan->consumed);
    plan->count = length < plan->consumed ? length : plan->consumed;
    plan->next = plan->position + plan->consumed;
}

/* Up to the next parcel. */
static void plan_bytes(struct stream *stream, uint64_t length, struct read_plan *plan)
{
    struct list_node *following =
        plan->parcel != NULL ? plan->parcel->link.next : stream->parcels.head.next;
    struct parcel *limit = parcel_at(stream, following);
    uint64_t there = (limit != NULL ? limit->position : stream->end) - stream->start;
    if (length > STEP_BYTES)
        length = STEP_BYTES;
    plan->position = stream->start;
    plan->count = plan->consumed = length < there ? length : there;
    plan->next = stream->start + plan->count;
}

/* On success the stream is marked, unless there is nothing and will be nothing: count 0, next 0. */
static enum status begin_read_locked(struct stream *stream, uint64_t length, struct read_plan *plan)
{
    *plan = (struct read_plan){.parcel = NULL};
    if (stream->reading)
        return STATUS_RESTART;
    if (stream->start == stream->end)
        return stream->writers == 0 ? STATUS_OK : STATUS_WOULD_BLOCK;
    struct parcel *first = parcel_at(stream, stream->parcels.head.next);
    if (first != NULL && first->position == stream->start)
        plan->parcel = first;
    if (header_size(stream) != 0)
        plan_message(stream, length, plan);
    else
        plan_bytes(stream, length, plan);
    stream->reading = true;
    return STATUS_OK;
}

static void end_read(struct stream *stream, const struct read_plan *plan, bool take)
{
    struct list parcels;
    list_init(&parcels);
    lock_acquire(&stream->object.lock);
    stream->reading = false;
    if (take) {
        if (plan->parcel != NULL) {
            list_remove(&plan->parcel->link);
            list_push_back(&parcels, &plan->parcel->link);
        }
        stream->available -= plan->consumed;
        stream_ring_trim(stream, plan->next);
        update_signals_locked(stream, 0);
    }
    lock_release(&stream->object.lock);
    drop_parcels(stream, &parcels);
}

/* Copy, and take unless it is only a look. */
static enum status read_planned(struct thread *self, const struct stream_read_arguments *arguments,
                                const struct read_plan *plan)
{
    struct stream *stream = arguments->stream;
    bool take = (arguments->flags & STREAM_PEEK) == 0;
    bool handles = (arguments->flags & STREAM_HANDLES) != 0;
    struct parcel_incoming incoming = {.count = 0};
    enum status status = STATUS_OK;
    if (take && handles && plan->parcel != NULL)
        status = parcel_unpack(self, plan->parcel, &incoming);
    if (status == STATUS_OK)
        status = stream_ring_copy_out(stream, plan->position, arguments->buffer, plan->count);
    end_read(stream, plan, take && status == STATUS_OK);
    if (status != STATUS_OK)
        parcel_repack(self, &incoming);
    else if (handles)
        parcel_received(self, &incoming);
    return status;
}

int64_t call_stream_read(struct thread *self, const struct stream_read_arguments *arguments)
{
    struct stream *stream = arguments->stream;
    struct read_plan plan;
    if ((arguments->flags & STREAM_HANDLES) != 0)
        self->frame->handle_count = 0;
    if (arguments->length == 0 && header_size(stream) == 0)
        return 0;
    lock_acquire(&stream->object.lock);
    enum status status = begin_read_locked(stream, arguments->length, &plan);
    lock_release(&stream->object.lock);
    if (status == STATUS_OK && plan.next != 0)
        status = read_planned(self, arguments, &plan);
    return status == STATUS_OK ? (int64_t)plan.count : status_to_result(status);
}

/* Writing. */

static enum status plan_write_locked(const struct stream *stream, uint64_t *count)
{
    uint64_t length = *count, header = header_size(stream), free = room(stream);
    if (stream->writing)
        return STATUS_RESTART;
    if (stream->readers == 0)
        return STATUS_CLOSED;
    if (header != 0)
        return length + header <= free ? STATUS_OK : STATUS_WOULD_BLOCK;
    if (length <= STREAM_ATOMIC)
        return length <= free ? STATUS_OK : STATUS_WOULD_BLOCK;
    if (*count > STEP_BYTES)
        *count = STEP_BYTES;
    if (*count > free)
        *count = free;
    return *count != 0 ? STATUS_OK : STATUS_WOULD_BLOCK;
}

/* On success the stream is marked and the pages are there. */
static enum status begin_write_locked(struct stream *stream, uint64_t *count)
{
    enum status status = plan_write_locked(stream, count);
    if (status == STATUS_OK)
        status = stream_ring_reserve(stream, header_size(stream) + *count);
    if (status == STATUS_OK)
        stream->writing = true;
    return status;
}

static void end_write_locked(struct stream *stream, uint64_t count, struct parcel *parcel)
{
    stream->writing = false;
    if (parcel != NULL) {
        parcel->position = stream->end;
        list_push_back(&stream->parcels, &parcel->link);
    }
    stream->end += header_size(stream) + count;
    stream->available += count;
    update_signals_locked(stream, SIGNAL_READABLE);
}

static void abort_write_locked(struct stream *stream)
{
    stream->writing = false;
    stream_ring_trim(stream, stream->start);
}

/* The end of the ring does not move while `writing` stands. */
static enum status write_bytes(struct stream *stream, uint64_t from, uint64_t *count,
                               struct parcel *parcel)
{
    lock_acquire(&stream->object.lock);
    enum status status = begin_write_locked(stream, count);
    lock_release(&stream->object.lock);
    if (status != STATUS_OK)
        return status;
    uint64_t header = header_size(stream);
    stream_ring_store(stream, stream->end, count, header);
    status = stream_ring_copy_in(stream, stream->end + header, from, *count);
    lock_acquire(&stream->object.lock);
    if (status == STATUS_OK)
        end_write_locked(stream, *count, parcel);
    else
        abort_write_locked(stream);
    lock_release(&stream->object.lock);
    return status;
}

int64_t call_stream_write(struct thread *self, const struct stream_write_arguments *arguments)
{
    struct stream *stream = arguments->stream;
    struct parcel_outgoing outgoing = {.parcel = NULL};
    uint64_t count = arguments->length, header = header_size(stream);
    if (header != 0 && count > stream->capacity - header)
        return status_to_result(STATUS_OUT_OF_RANGE);
    enum status status = STATUS_OK;
    if ((arguments->flags & STREAM_HANDLES) != 0)
        status = parcel_pack(self, stream, &outgoing);
    if (status == STATUS_OK && outgoing.parcel != NULL && header + count == 0)
        status = STATUS_INVALID;
    if (status == STATUS_OK)
        status = write_bytes(stream, arguments->buffer, &count, outgoing.parcel);
    if (status == STATUS_OK)
        parcel_sent(self, &outgoing);
    else if (outgoing.parcel != NULL)
        parcel_drop(stream, outgoing.parcel);
    return status == STATUS_OK ? (int64_t)count : status_to_result(status);
}

int64_t call_stream_inspect(struct thread *self, const struct stream_inspect_arguments *arguments)
{
    (void)self;
    struct stream *stream = arguments->stream;
    uint64_t header = header_size(stream);
    lock_acquire(&stream->object.lock);
    *arguments->information = (struct stream_information){
        .capacity = stream->capacity,
        .available = stream->available,
        .next = stream->available,
        .readers = stream->readers,
        .writers = stream->writers,
    };
    if (header != 0 && stream->start != stream->end)
        stream_ring_load(stream, stream->start, &arguments->information->next, header);
    lock_release(&stream->object.lock);
    return 0;
}
