/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The bytes of a stream: a ring of pages that are there only while needed.
 *
 * A page is named by its number in the sequence of all bytes; number n and
 * n + page_count share a place. When the reader's end and the writer's end meet
 * in one place (a full stream that does not start at a page boundary) it holds
 * bytes of both numbers, and stays when the reader leaves it. An empty stream
 * begins again at position 0 and keeps one page, so that small messages going
 * to and fro allocate nothing.
 */
#include <kernel/stream.h>

#include <kernel/copy.h>
#include <kernel/string.h>

static struct page **place_of(const struct stream *stream, uint64_t number)
{
    return &stream->pages[number % stream->page_count];
}

/* Where the byte at a position is, and how many follow it in the same page, at most `length`. */
static char *locate(const struct stream *stream, uint64_t position, uint64_t length, size_t *run)
{
    uint64_t offset = position % PAGE_SIZE;
    *run = length < PAGE_SIZE - offset ? length : PAGE_SIZE - offset;
    return (char *)page_address(*place_of(stream, position / PAGE_SIZE)) + offset;
}

enum status stream_ring_copy_in(struct stream *stream, uint64_t position, uint64_t from,
                                uint64_t length)
{
    size_t run;
    for (uint64_t done = 0; done < length; done += run) {
        char *bytes = locate(stream, position + done, length - done, &run);
        enum status status = copy_in(bytes, from + done, run);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status stream_ring_copy_out(const struct stream *stream, uint64_t position, uint64_t to,
                                 uint64_t length)
{
    size_t run;
    for (uint64_t done = 0; done < length; done += run) {
        const char *bytes = locate(stream, position + done, length - done, &run);
        enum status status = copy_out(to + done, bytes, run);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

void stream_ring_store(struct stream *stream, uint64_t position, const void *from, uint64_t length)
{
    size_t run;
    for (uint64_t done = 0; done < length; done += run) {
        char *bytes = locate(stream, position + done, length - done, &run);
        memcpy(bytes, (const char *)from + done, run);
    }
}

void stream_ring_load(const struct stream *stream, uint64_t position, void *to, uint64_t length)
{
    size_t run;
    for (uint64_t done = 0; done < length; done += run) {
        const char *bytes = locate(stream, position + done, length - done, &run);
        memcpy((char *)to + done, bytes, run);
    }
}

enum status stream_ring_reserve(struct stream *stream, uint64_t length)
{
    uint64_t limit = (stream->end + length + PAGE_SIZE - 1) / PAGE_SIZE;
    for (; stream->first_absent < limit; stream->first_absent++) {
        struct page **place = place_of(stream, stream->first_absent);
        if (*place != NULL)
            continue;
        enum status status = page_allocate(stream->object.account, 0, PAGE_NODE_ANY, place);
        if (status != STATUS_OK) {
            *place = NULL;
            stream_ring_trim(stream, stream->start);
            return status;
        }
    }
    return STATUS_OK;
}

static void release_place(struct page **place)
{
    if (*place != NULL)
        page_release(*place);
    *place = NULL;
}

/* Begin again at position 0 with the first page there is. */
static void restart_empty(struct stream *stream)
{
    struct page *kept = NULL;
    for (uint64_t n = stream->start / PAGE_SIZE; n < stream->first_absent; n++) {
        struct page **place = place_of(stream, n);
        if (kept == NULL) {
            kept = *place;
            *place = NULL;
        }
        release_place(place);
    }
    stream->pages[0] = kept;
    stream->first_absent = kept != NULL ? 1 : 0;
    stream->start = stream->end = 0;
}

void stream_ring_trim(struct stream *stream, uint64_t start)
{
    for (uint64_t n = stream->start / PAGE_SIZE; n < start / PAGE_SIZE; n++) {
        if (stream->first_absent <= n + stream->page_count)
            release_place(place_of(stream, n));
    }
    stream->start = start;
    if (stream->start == stream->end && !stream->writing)
        restart_empty(stream);
}

void stream_ring_free(struct stream *stream)
{
    for (uint64_t n = stream->start / PAGE_SIZE; n < stream->first_absent; n++)
        release_place(place_of(stream, n));
}
