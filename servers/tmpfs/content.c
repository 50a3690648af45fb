/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "content.h"

#include <base/errno.h>
#include <base/ipc.h>
#include <base/service.h>
#include <trellis/native.h>

#define FIFO_CAPACITY 65536

static const struct time_page *time_page(void)
{
    static const struct time_page *page;

    if (page == NULL) {
        int64_t address = native_map(service_handle("self"), service_handle("time"), 0, 0,
                                     USER_PAGE_SIZE, MAP_READ);
        if (address < 0)
            service_fail("the time page cannot be mapped: %d", (int)-address);
        page = (const struct time_page *)address;
    }
    return page;
}

struct content_pages content_pages(handle_t account)
{
    struct account_information information;

    if (native_account_inspect(account, &information) < 0)
        return (struct content_pages){0, 0};
    return (struct content_pages){information.used.pages, information.limits.pages};
}

fs_error_t content_create_memory(handle_t account, uint64_t tag, handle_t *memory)
{
    int64_t made = native_memory_create(account, 0, 0);

    if (made < 0)
        return LINUX_ENOSPC;
    *memory = (handle_t)made;
    return native_memory_tag(*memory, tag) < 0 ? LINUX_EIO : 0;
}

fs_error_t content_resize(handle_t memory, uint64_t size)
{
    return native_memory_resize(memory, size) < 0 ? LINUX_ENOSPC : 0;
}

fs_error_t content_store(handle_t memory, uint64_t offset, const void *bytes, uint64_t length)
{
    return native_memory_write(memory, offset, bytes, length) == (int64_t)length ? 0 : LINUX_ENOSPC;
}

uint64_t content_load(handle_t memory, uint64_t offset, void *bytes, uint64_t length)
{
    int64_t count = native_memory_read(memory, offset, bytes, length);
    return count < 0 ? 0 : (uint64_t)count;
}

uint64_t content_resident_pages(handle_t memory)
{
    struct memory_information information;

    if (memory == HANDLE_NONE || native_memory_inspect(memory, &information) < 0)
        return 0;
    return information.resident_pages;
}

void content_discard(handle_t memory, uint64_t offset, uint64_t length)
{
    if (native_memory_discard(memory, offset, length) < 0)
        service_fail("a range inside a file cannot be discarded");
}

fs_error_t content_create_fifo(handle_t account, struct fifo_content *fifo)
{
    struct stream_handles ends;
    int64_t event = native_event_create(account, 0, 0);

    if (event < 0)
        return LINUX_ENOSPC;
    if (native_stream_create(account, FIFO_CAPACITY, 0, &ends) < 0) {
        content_release((handle_t)event);
        return LINUX_ENOSPC;
    }
    fifo->event = (handle_t)event;
    fifo->read_end = ends.read_end;
    fifo->write_end = ends.write_end;
    if (native_handle_mark(ends.read_end, HANDLE_NOT_COUNTED) < 0 ||
        native_handle_mark(ends.write_end, HANDLE_NOT_COUNTED) < 0)
        service_fail("a stream's end cannot be marked");
    return 0;
}

fs_error_t content_create_event(handle_t *event)
{
    int64_t made = native_event_create(service_handle("account"), 0, 0);

    if (made < 0)
        return LINUX_ENOSPC;
    *event = (handle_t)made;
    return 0;
}

uint32_t content_fifo_sides(const struct fifo_content *fifo)
{
    struct stream_information information;

    if (native_stream_inspect(fifo->read_end, &information) < 0)
        service_fail("a stream cannot be inspected");
    return (information.readers != 0 ? FS_FIFO_READER : 0u) |
           (information.writers != 0 ? FS_FIFO_WRITER : 0u);
}

void content_signal(handle_t event, uint32_t clear, uint32_t set)
{
    if (native_event_signal(event, clear, set) < 0)
        service_fail("an event of a FIFO cannot be signalled");
}

fs_error_t content_offer(handle_t stream, const struct fs_connection *connection)
{
    struct frame *frame = ipc_frame();

    frame->handle_count = 2;
    for (unsigned i = 0; i < 2; i++) {
        frame->handles[i].rights = RIGHT_SAME;
        frame->handles[i].flags = MESSAGE_HANDLE_MOVE;
    }
    int64_t written = native_stream_write(stream, connection, sizeof(*connection), STREAM_HANDLES);
    if (written == (int64_t)sizeof(*connection))
        return 0;
    enum status status = status_of_result(written);
    if (status == STATUS_WOULD_BLOCK)
        return LINUX_EAGAIN;
    return status == STATUS_CLOSED ? LINUX_ECONNREFUSED : LINUX_EINVAL;
}

void content_release(handle_t handle)
{
    if (handle != HANDLE_NONE && native_handle_close(handle) < 0)
        service_fail("a handle of a file cannot be closed");
}

void content_now(int64_t *seconds, uint32_t *nanoseconds)
{
    int64_t now = native_clock_read() + time_page()->realtime_offset_ns;

    *seconds = now / 1000000000;
    *nanoseconds = (uint32_t)(now % 1000000000);
}
