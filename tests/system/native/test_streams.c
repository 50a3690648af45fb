/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Streams: bytes in order, messages whole, handles with them, and signals that
 * say exactly what a read or write would do.
 */
#include <base/ipc.h>
#include <base/service.h>
#include <base/text.h>

#include "harness.h"
#include "threads.h"

#define CAPACITY (4 * STREAM_ATOMIC)
#define TOTAL (1 << 20)

static char buffer[2 * CAPACITY];

static struct stream_handles make_stream(uint32_t flags)
{
    struct stream_handles ends;
    SUCCEED(native_stream_create(test_world.account, CAPACITY, flags, &ends));
    return ends;
}

static void close_stream(const struct stream_handles *ends)
{
    CLOSE(ends->read_end);
    CLOSE(ends->write_end);
}

static int64_t put(const struct stream_handles *ends, const char *text)
{
    return native_stream_write(ends->write_end, text, strlen(text), 0);
}

static void expect_text(const struct stream_handles *ends, const char *text, uint64_t length)
{
    memset(buffer, 0, 64);
    CHECK_EQUAL(native_stream_read(ends->read_end, buffer, length, 0), strlen(text));
    CHECK(strncmp(buffer, text, sizeof(buffer)) == 0);
}

static void test_bytes(void)
{
    struct stream_handles ends = make_stream(0);
    CHECK_STATUS(native_stream_read(ends.read_end, buffer, 1, 0), WOULD_BLOCK);
    CHECK_EQUAL(put(&ends, "hello "), 6);
    CHECK_EQUAL(put(&ends, "world"), 5);
    expect_text(&ends, "hel", 3);
    CHECK_EQUAL(native_stream_read(ends.read_end, buffer, 4, STREAM_PEEK), 4);
    expect_text(&ends, "lo world", 100);
    CHECK_STATUS(native_stream_read(ends.read_end, buffer, 1, 0), WOULD_BLOCK);
    CHECK_EQUAL(native_stream_write(ends.write_end, buffer, 0, 0), 0);
    CHECK_STATUS(native_stream_write(ends.read_end, buffer, 1, 0), NO_RIGHT);
    CHECK_STATUS(native_stream_read(ends.write_end, buffer, 1, 0), NO_RIGHT);
    close_stream(&ends);
}

static void test_ends(void)
{
    struct stream_handles ends = make_stream(0);
    put(&ends, "last");
    CLOSE(ends.write_end);
    CHECK_EQUAL(test_signals(ends.read_end) & (SIGNAL_READABLE | SIGNAL_CLOSED_WRITE),
                SIGNAL_READABLE | SIGNAL_CLOSED_WRITE);
    expect_text(&ends, "last", 100);
    CHECK_EQUAL(native_stream_read(ends.read_end, buffer, 1, 0), 0);
    CLOSE(ends.read_end);
    ends = make_stream(0);
    CLOSE(ends.read_end);
    CHECK((test_signals(ends.write_end) & SIGNAL_CLOSED_READ) != 0);
    CHECK_STATUS(put(&ends, "nobody"), CLOSED);
    CLOSE(ends.write_end);
}

static void test_full(void)
{
    struct stream_information information;
    struct stream_handles ends = make_stream(0);
    handle_t to = ends.write_end, from = ends.read_end;
    SUCCEED(native_stream_inspect(from, &information));
    CHECK_EQUAL(information.capacity, CAPACITY);
    CHECK_EQUAL(native_stream_write(to, buffer, CAPACITY - 10, 0), CAPACITY - 10);
    CHECK_EQUAL(test_signals(to) & SIGNAL_WRITABLE, 0);
    CHECK_STATUS(native_stream_write(to, buffer, 11, 0), WOULD_BLOCK); /* never split */
    CHECK_EQUAL(native_stream_write(to, buffer, STREAM_ATOMIC + 1, 0), 10);
    CHECK_STATUS(native_stream_write(to, buffer, 1, 0), WOULD_BLOCK);
    CHECK_EQUAL(native_stream_read(from, buffer, STREAM_ATOMIC, 0), STREAM_ATOMIC);
    CHECK_EQUAL(test_signals(to) & SIGNAL_WRITABLE, SIGNAL_WRITABLE);
    SUCCEED(native_stream_inspect(to, &information));
    CHECK_EQUAL(information.available, CAPACITY - STREAM_ATOMIC);
    CHECK_EQUAL(information.readers, 1);
    CHECK_EQUAL(information.writers, 1);
    CHECK_EQUAL(information.written, CAPACITY);
    CHECK_EQUAL(information.read, STREAM_ATOMIC);
    close_stream(&ends);
}

static void test_messages(void)
{
    struct stream_information information;
    struct stream_handles ends = make_stream(STREAM_MESSAGES);
    CHECK_EQUAL(put(&ends, "first"), 5);
    CHECK_EQUAL(put(&ends, ""), 0);
    CHECK_EQUAL(put(&ends, "third"), 5);
    SUCCEED(native_stream_inspect(ends.read_end, &information));
    CHECK_EQUAL(information.next, 5);
    expect_text(&ends, "first", 100);
    expect_text(&ends, "", 100);
    expect_text(&ends, "thi", 3); /* the rest of a message that was cut off is gone */
    CHECK_STATUS(native_stream_read(ends.read_end, buffer, 1, 0), WOULD_BLOCK);
    SUCCEED(native_stream_inspect(ends.read_end, &information));
    CHECK_EQUAL(information.written, 3);
    CHECK_EQUAL(information.read, 3);
    CHECK_STATUS(native_stream_write(ends.write_end, buffer, sizeof(buffer), 0), OUT_OF_RANGE);
    close_stream(&ends);
}

/* Handles. */

static void name_handle(handle_t handle, uint32_t rights, uint32_t flags)
{
    ipc_frame()->handles[0] = (struct message_handle){handle, rights, flags};
    ipc_frame()->handle_count = 1;
}

static void test_handles(void)
{
    struct handle_information information;
    struct stream_handles ends = make_stream(STREAM_MESSAGES);
    handle_t event = SUCCEED(native_event_create(test_world.account, 0, 0));
    SUCCEED(native_handle_inspect(event, &information));
    uint64_t id = information.object_id;
    name_handle(event, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    CHECK_EQUAL(native_stream_write(ends.write_end, "x", 1, STREAM_HANDLES), 1);
    CHECK_STATUS(native_handle_close(event), BAD_HANDLE);
    CHECK_EQUAL(native_stream_read(ends.read_end, buffer, 8, STREAM_HANDLES), 1);
    CHECK_EQUAL(ipc_frame()->handle_count, 1);
    event = ipc_frame()->handles[0].handle;
    SUCCEED(native_handle_inspect(event, &information));
    CHECK_EQUAL(information.object_id, id);
    name_handle(event, RIGHT_WAIT, 0);
    CHECK_EQUAL(native_stream_write(ends.write_end, "y", 1, STREAM_HANDLES), 1);
    CHECK_EQUAL(native_stream_read(ends.read_end, buffer, 8, 0), 1); /* dropped: not asked for */
    name_handle(event, RIGHT_WAIT, 0);
    CHECK_EQUAL(native_stream_write(ends.write_end, "z", 1, STREAM_HANDLES), 1);
    CLOSE(event);
    close_stream(&ends); /* what was not read goes with it */
}

static void test_refused_handles(void)
{
    struct stream_handles ends = make_stream(STREAM_MESSAGES);
    name_handle(4711, RIGHT_SAME, 0);
    CHECK_STATUS(native_stream_write(ends.write_end, "x", 1, STREAM_HANDLES), BAD_HANDLE);
    name_handle(ends.read_end, RIGHT_SAME, 0); /* would keep itself alive */
    CHECK_STATUS(native_stream_write(ends.write_end, "x", 1, STREAM_HANDLES), LIMIT);
    ipc_frame()->handle_count = MESSAGE_HANDLES + 1;
    CHECK_STATUS(native_stream_write(ends.write_end, "x", 1, STREAM_HANDLES), INVALID);
    CHECK_STATUS(native_stream_read(ends.read_end, buffer, 8, 0), WOULD_BLOCK);
    close_stream(&ends);
}

/* A bad buffer in the middle: nothing is taken, nothing is put. */
static void test_bad_buffers(void)
{
    struct stream_handles ends = make_stream(0);
    uint64_t pages = SUCCEED(
        native_map(test_world.self, HANDLE_NONE, 0, 0, 2 * USER_PAGE_SIZE, MAP_READ | MAP_WRITE));
    SUCCEED(native_unmap(test_world.self, pages + USER_PAGE_SIZE, USER_PAGE_SIZE));
    char *edge = (char *)pages + USER_PAGE_SIZE - 4;
    put(&ends, "0123456789");
    CHECK_STATUS(native_stream_read(ends.read_end, edge, 8, 0), BAD_ADDRESS);
    CHECK_STATUS(native_stream_write(ends.write_end, edge, 8, 0), BAD_ADDRESS);
    expect_text(&ends, "0123456789", 100);
    SUCCEED(native_unmap(test_world.self, pages, USER_PAGE_SIZE));
    close_stream(&ends);
}

/* A megabyte through it, in pieces of all sizes. */

static uint64_t write_all(uint64_t end, struct frame *frame)
{
    static char bytes[3 * STREAM_ATOMIC];
    uint64_t done = 0;
    while (done < TOTAL) {
        uint64_t wanted = 1 + done * 7 % sizeof(bytes);
        wanted = wanted < TOTAL - done ? wanted : TOTAL - done;
        for (uint64_t i = 0; i < wanted; i++)
            bytes[i] = (char)((done + i) % 251);
        int64_t result = native_stream_write(end, bytes, wanted, 0);
        if (result == status_to_result(STATUS_WOULD_BLOCK))
            test_wait(end, SIGNAL_WRITABLE);
        else
            done += SUCCEED(result);
    }
    CLOSE(end);
    return 0;
}

static uint64_t read_all(handle_t end)
{
    uint64_t done = 0;
    for (;;) {
        int64_t result = native_stream_read(end, buffer, 1 + done * 5 % 9000, 0);
        if (result == 0)
            return done;
        if (result == status_to_result(STATUS_WOULD_BLOCK)) {
            test_wait(end, SIGNAL_READABLE | SIGNAL_CLOSED_WRITE);
            continue;
        }
        SUCCEED(result);
        for (int64_t i = 0; i < result; i++, done++)
            CHECK(buffer[i] == (char)(done % 251));
    }
}

static void test_much(void)
{
    struct test_child child = {.function = write_all};
    struct stream_handles ends = make_stream(0);
    test_child_create(&child);
    child.argument = test_child_give(&child, ends.write_end, RIGHT_SAME);
    CLOSE(ends.write_end);
    test_child_start(&child);
    CHECK_EQUAL(read_all(ends.read_end), TOTAL);
    test_child_finish(&child);
    CLOSE(ends.read_end);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"bytes", test_bytes},
        {"ends that are closed", test_ends},
        {"a full stream", test_full},
        {"messages", test_messages},
        {"handles", test_handles},
        {"handles refused", test_refused_handles},
        {"bad buffers", test_bad_buffers},
        {"a megabyte", test_much},
    };
    test_begin();
    TEST_RUN(cases);
}
