/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "waits_fake.h"

#include <kernel/call_arguments.h>
#include <kernel/stream.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CAPACITY (4 * PAGE_SIZE)
#define BUFFER (3 * CAPACITY)

static struct thread *self;
static char out[BUFFER], in[BUFFER];
static const uint64_t blocked = (uint64_t)-STATUS_WOULD_BLOCK;

/* A stream and its two ends. */
struct pair {
    struct stream_handles ends;
    struct stream *stream;
};

static int setup(void **state)
{
    fake_setup(state);
    self = fake_thread_create();
    for (unsigned i = 0; i < BUFFER; i++)
        out[i] = (char)(i % PAGE_SIZE * 7 + i % PAGE_SIZE / 251);
    return 0;
}

static int teardown(void **state)
{
    fake_thread_free(self);
    return fake_teardown(state);
}

static int64_t try_create(uint64_t capacity, uint32_t flags, struct pair *pair)
{
    const struct stream_create_arguments arguments = {
        .account = fake_account, .capacity = capacity, .flags = flags, .ends = &pair->ends};
    int64_t result = call_stream_create(self, &arguments);
    if (result == 0)
        pair->stream =
            container_of(fake_object((int64_t)pair->ends.read_end), struct stream, object);
    return result;
}

static struct pair create(uint64_t capacity, uint32_t flags)
{
    struct pair pair;
    assert_int_equal(try_create(capacity, flags, &pair), 0);
    return pair;
}

static int64_t write_from(struct pair *pair, const void *from, uint64_t length, uint32_t flags)
{
    const struct stream_write_arguments arguments = {
        .stream = pair->stream, .buffer = (uint64_t)from, .length = length, .flags = flags};
    return call_stream_write(self, &arguments);
}

static int64_t read_to(struct pair *pair, uint64_t length, uint32_t flags)
{
    const struct stream_read_arguments arguments = {
        .stream = pair->stream, .buffer = (uint64_t)in, .length = length, .flags = flags};
    memset(in, 0, length);
    return call_stream_read(self, &arguments);
}

static struct stream_information inspect(struct pair *pair)
{
    struct stream_information information;
    const struct stream_inspect_arguments arguments = {.stream = pair->stream,
                                                       .information = &information};
    assert_int_equal(call_stream_inspect(self, &arguments), 0);
    return information;
}

static void name_handle(unsigned i, handle_t handle, uint32_t flags)
{
    self->frame->handles[i] =
        (struct message_handle){.handle = handle, .rights = RIGHT_SAME, .flags = flags};
    self->frame->handle_count = i + 1;
}

static void check_signals(struct pair *pair)
{
    uint32_t expected = 0;
    uint64_t header = pair->stream->flags & STREAM_MESSAGES ? 8 : 0;
    if (!ring_is_empty(&pair->stream->ring))
        expected |= SIGNAL_READABLE;
    if (ring_room(&pair->stream->ring) >= STREAM_ATOMIC + header)
        expected |= SIGNAL_WRITABLE;
    assert_int_equal(pair->stream->object.signals, expected);
}

/* Against a count of bytes: their values follow from their place in the sequence. */
static void bytes_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct pair pair = create(CAPACITY, 0);
    uint64_t written = 0, taken = 0;
    srand(2);
    for (unsigned step = 0; step < 20000; step++) {
        uint64_t length = (uint64_t)rand() % (rand() % 4 == 0 ? 2 * CAPACITY : 600);
        uint64_t there = written - taken;
        if (rand() % 2 == 0) {
            uint64_t result = (uint64_t)write_from(&pair, out + written % CAPACITY, length, 0);
            uint64_t room = CAPACITY - there, fits = length < room ? length : room;
            if (length <= STREAM_ATOMIC ? length > room : room == 0)
                fits = blocked;
            assert_int_equal(result, fits);
            written += fits != blocked ? fits : 0;
        } else {
            uint64_t result = (uint64_t)read_to(&pair, length, 0);
            uint64_t expected = length < there ? length : there;
            assert_int_equal(result, there == 0 && length != 0 ? blocked : expected);
            for (uint64_t i = 0; i < expected; i++)
                assert_int_equal(in[i], out[(taken + i) % CAPACITY]);
            taken += expected;
        }
        check_signals(&pair);
        assert_int_equal(inspect(&pair).written, written);
        assert_int_equal(inspect(&pair).read, taken);
        assert_in_range(test_pages_used(fake_account), 1, CAPACITY / PAGE_SIZE + 3);
    }
}

static void an_empty_stream_keeps_one_page(void **state)
{
    (void)state;
    struct pair pair = create(CAPACITY, 0);
    uint64_t before = test_pages_used(fake_account);
    assert_int_equal(write_from(&pair, out, CAPACITY, 0), CAPACITY);
    assert_int_equal(test_pages_used(fake_account), before + CAPACITY / PAGE_SIZE);
    assert_int_equal(read_to(&pair, CAPACITY - 1, 0), CAPACITY - 1);
    assert_int_equal(read_to(&pair, 10, 0), 1);
    assert_in_range(test_pages_used(fake_account), before, before + 1);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(write_from(&pair, out, 100, 0), 100);
        assert_int_equal(read_to(&pair, 100, 0), 100);
        assert_int_equal(pair.stream->ring.start, 0);
    }
    assert_in_range(test_pages_used(fake_account), before, before + 1);
}

static void long_transfers_are_cut_into_steps(void **state)
{
    (void)state;
    struct pair pair = create(UINT64_C(1) << 20, 0);
    static char text[1 << 20];
    assert_int_equal(write_from(&pair, text, 1 << 20, 0), 65536);
    assert_int_equal(write_from(&pair, text, 1 << 20, 0), 65536);
    assert_int_equal(inspect(&pair).available, 131072);
}

static void messages_keep_their_boundaries(void **state)
{
    (void)state;
    struct pair pair = create(CAPACITY, STREAM_MESSAGES);
    uint32_t sizes[4096], first = 0, last = 0;
    srand(3);
    for (unsigned step = 0; step < 20000; step++) {
        uint32_t size = (uint32_t)rand() % (rand() % 8 == 0 ? 9000 : 40);
        if (rand() % 2 == 0) {
            int64_t result = write_from(&pair, out + last % 97, size, 0);
            assert_true(result == size || result == status_to_result(STATUS_WOULD_BLOCK));
            if (result == size)
                sizes[last++ % 4096] = size;
        } else if (first == last) {
            assert_int_equal(read_to(&pair, 10, 0), status_to_result(STATUS_WOULD_BLOCK));
        } else {
            uint32_t sent = sizes[first % 4096], expected = sent < size ? sent : size;
            assert_int_equal(inspect(&pair).next, sent);
            assert_int_equal(read_to(&pair, size, STREAM_PEEK), expected);
            assert_int_equal(read_to(&pair, size, 0), expected);
            assert_memory_equal(in, out + first++ % 97, expected);
        }
        check_signals(&pair);
        assert_int_equal(inspect(&pair).written, last);
        assert_int_equal(inspect(&pair).read, first);
    }
}

static void sizes_at_the_limits(void **state)
{
    struct pair pair;
    (void)state;
    assert_int_equal(try_create(0, 0, &pair), status_to_result(STATUS_OUT_OF_RANGE));
    assert_int_equal(try_create(STREAM_CAPACITY_MAX + 1, 0, &pair),
                     status_to_result(STATUS_OUT_OF_RANGE));
    pair = create(1, STREAM_MESSAGES);
    uint64_t most = 2 * PAGE_SIZE - 8;
    assert_int_equal(write_from(&pair, out, most + 1, 0), status_to_result(STATUS_OUT_OF_RANGE));
    assert_int_equal(write_from(&pair, out, UINT64_MAX, 0), status_to_result(STATUS_OUT_OF_RANGE));
    assert_int_equal(write_from(&pair, out, most, 0), most);
    assert_int_equal(write_from(&pair, out, 0, 0), status_to_result(STATUS_WOULD_BLOCK));
    assert_int_equal(read_to(&pair, BUFFER, 0), most);
    assert_memory_equal(in, out, most);
    for (unsigned i = 0; i < 2 * PAGE_SIZE / 8; i++)
        assert_int_equal(write_from(&pair, out, 0, 0), 0);
    assert_int_equal(write_from(&pair, out, 0, 0), status_to_result(STATUS_WOULD_BLOCK));
}

static void the_last_writer_and_reader_are_noticed(void **state)
{
    (void)state;
    struct pair pair = create(CAPACITY, 0);
    write_from(&pair, out, 10, 0);
    fake_close((int64_t)pair.ends.write_end);
    assert_true(pair.stream->object.signals & SIGNAL_CLOSED_WRITE);
    assert_int_equal(read_to(&pair, 20, 0), 10);
    assert_int_equal(read_to(&pair, 20, 0), 0);
    stream_opened(&pair.stream->object, RIGHT_WRITE);
    assert_false(pair.stream->object.signals & SIGNAL_CLOSED_WRITE);
    assert_int_equal(read_to(&pair, 20, 0), status_to_result(STATUS_WOULD_BLOCK));
    stream_closed(&pair.stream->object, RIGHT_WRITE);

    pair = create(CAPACITY, 0);
    write_from(&pair, out, 10, 0);
    object_acquire(&pair.stream->object);
    fake_close((int64_t)pair.ends.read_end);
    assert_true(pair.stream->object.signals & SIGNAL_CLOSED_READ);
    assert_int_equal(write_from(&pair, out, 10, 0), status_to_result(STATUS_CLOSED));
    assert_int_equal(inspect(&pair).available, 10);
    fake_close((int64_t)pair.ends.write_end);
    assert_int_equal(inspect(&pair).available, 0);
    object_release(&pair.stream->object);
}

static void a_copy_that_fails_changes_nothing(void **state)
{
    (void)state;
    struct pair pair = create(CAPACITY, 0);
    fake_bad_address = (uint64_t)&out[5000];
    assert_int_equal(write_from(&pair, out, 9000, 0), status_to_result(STATUS_BAD_ADDRESS));
    assert_int_equal(inspect(&pair).available, 0);
    check_signals(&pair);
    assert_int_equal(write_from(&pair, out, 5000, 0), 5000);
    fake_bad_address = (uint64_t)&in[4999];
    fake_bad_status = STATUS_RESTART;
    assert_int_equal(read_to(&pair, 5000, 0), status_to_result(STATUS_RESTART));
    assert_int_equal(inspect(&pair).available, 5000);
    fake_bad_address = 0;
    assert_int_equal(read_to(&pair, 5000, STREAM_PEEK), 5000);
    assert_int_equal(read_to(&pair, 5000, 0), 5000);
    assert_memory_equal(in, out, 5000);
}

static void handles_travel(void **state)
{
    (void)state;
    struct pair pair = create(CAPACITY, 0), other = create(CAPACITY, 0);
    name_handle(0, other.ends.read_end, MESSAGE_HANDLE_MOVE);
    name_handle(1, other.ends.write_end, 0);
    assert_int_equal(write_from(&pair, "plain", 5, 0), 5);
    assert_int_equal(write_from(&pair, "first", 5, STREAM_HANDLES), 5);
    assert_int_equal(fake_handle_count(), 3);
    name_handle(0, other.ends.write_end, 0);
    assert_int_equal(write_from(&pair, "second", 6, STREAM_HANDLES), 6);
    assert_int_equal(other.stream->readers, 1);
    assert_int_equal(other.stream->writers, 3);

    assert_int_equal(read_to(&pair, 100, STREAM_HANDLES), 5);
    assert_int_equal(self->frame->handle_count, 0);
    assert_int_equal(read_to(&pair, 2, STREAM_HANDLES), 2);
    assert_int_equal(self->frame->handle_count, 2);
    assert_ptr_equal(fake_object((int64_t)self->frame->handles[0].handle), &other.stream->object);
    assert_int_equal(self->frame->handles[1].rights & (RIGHT_READ | RIGHT_WRITE), RIGHT_WRITE);
    assert_int_equal(read_to(&pair, 100, STREAM_HANDLES), 3);
    assert_int_equal(self->frame->handle_count, 0);
    assert_int_equal(read_to(&pair, 100, 0), 6);
    assert_int_equal(other.stream->writers, 2);
    assert_int_equal(other.stream->carried, 0);
    assert_int_equal(pair.stream->carries, 0);
}

static void handles_that_do_not_fit_stay(void **state)
{
    (void)state;
    struct pair pair = create(CAPACITY, STREAM_MESSAGES), other = create(CAPACITY, 0);
    name_handle(0, other.ends.read_end, 0);
    name_handle(1, other.ends.write_end, 0);
    assert_int_equal(write_from(&pair, out, 3, STREAM_HANDLES), 3);
    fake_handles_left = 1;
    assert_int_equal(read_to(&pair, 3, STREAM_HANDLES), status_to_result(STATUS_LIMIT));
    assert_int_equal(fake_handle_count(), 4);
    fake_handles_left = 2;
    fake_bad_address = (uint64_t)in;
    assert_int_equal(read_to(&pair, 3, STREAM_HANDLES), status_to_result(STATUS_BAD_ADDRESS));
    assert_int_equal(fake_handle_count(), 4);
    fake_bad_address = 0;
    assert_int_equal(read_to(&pair, 3, STREAM_HANDLES), 3);
    assert_int_equal(fake_handle_count(), 6);
}

static void bad_handles_are_refused(void **state)
{
    (void)state;
    struct pair pair = create(CAPACITY, 0), other = create(CAPACITY, 0);
    self->frame->handle_count = 5;
    assert_int_equal(write_from(&pair, out, 1, STREAM_HANDLES), status_to_result(STATUS_INVALID));
    name_handle(0, other.ends.read_end, 8);
    assert_int_equal(write_from(&pair, out, 1, STREAM_HANDLES), status_to_result(STATUS_INVALID));
    name_handle(0, 999, 0);
    assert_int_equal(write_from(&pair, out, 1, STREAM_HANDLES),
                     status_to_result(STATUS_BAD_HANDLE));
    name_handle(0, other.ends.read_end, 0);
    assert_int_equal(write_from(&pair, out, 0, STREAM_HANDLES), status_to_result(STATUS_INVALID));
    name_handle(1, other.ends.read_end, MESSAGE_HANDLE_MOVE);
    assert_int_equal(write_from(&pair, out, 1, STREAM_HANDLES), status_to_result(STATUS_INVALID));
    assert_int_equal(other.stream->readers, 1);
}

static int64_t send_end(struct pair *through, handle_t end)
{
    name_handle(0, end, MESSAGE_HANDLE_MOVE);
    return write_from(through, out, 1, STREAM_HANDLES);
}

static void streams_cannot_hold_one_another(void **state)
{
    const int64_t refused = status_to_result(STATUS_LIMIT);
    (void)state;
    struct pair a = create(CAPACITY, 0), b = create(CAPACITY, 0), c = create(CAPACITY, 0);
    assert_int_equal(send_end(&a, a.ends.read_end), refused);
    assert_int_equal(send_end(&a, b.ends.read_end), 1);
    assert_int_equal(send_end(&b, a.ends.read_end), refused);
    assert_int_equal(send_end(&b, c.ends.read_end), refused);
    assert_int_equal(send_end(&c, a.ends.read_end), refused);
    assert_int_equal(read_to(&a, 1, STREAM_HANDLES), 1);
    assert_int_equal(send_end(&b, a.ends.read_end), 1);
}

static void unread_handles_are_closed(void **state)
{
    (void)state;
    struct pair pair = create(CAPACITY, 0), other = create(CAPACITY, 0);
    assert_int_equal(send_end(&pair, other.ends.write_end), 1);
    assert_false(other.stream->object.signals & SIGNAL_CLOSED_WRITE);
    fake_close((int64_t)pair.ends.read_end);
    assert_true(other.stream->object.signals & SIGNAL_CLOSED_WRITE);
    fake_close((int64_t)pair.ends.write_end);

    pair = create(CAPACITY, 0);
    assert_int_equal(send_end(&pair, other.ends.read_end), 1);
    fake_close((int64_t)pair.ends.write_end);
    fake_close((int64_t)pair.ends.read_end);
    rcu_quiescent();
}

/* All of it again with each allocation failing; fake_teardown looks for what was left. */
static void want_of_memory_leaks_nothing(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 12; n++) {
        struct pair pair, other;
        page_fail_after(n);
        if (try_create(CAPACITY, STREAM_MESSAGES, &pair) != 0)
            continue;
        if (try_create(CAPACITY, 0, &other) == 0)
            send_end(&pair, other.ends.read_end);
        int64_t result = write_from(&pair, out, 10000, 0);
        assert_true(result == 10000 || result == status_to_result(STATUS_NO_MEMORY));
        check_signals(&pair);
        read_to(&pair, BUFFER, STREAM_HANDLES);
    }
    page_fail_after(0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_come_out_as_they_went_in),
        TEST(an_empty_stream_keeps_one_page),
        TEST(long_transfers_are_cut_into_steps),
        TEST(messages_keep_their_boundaries),
        TEST(sizes_at_the_limits),
        TEST(the_last_writer_and_reader_are_noticed),
        TEST(a_copy_that_fails_changes_nothing),
        TEST(handles_travel),
        TEST(handles_that_do_not_fit_stay),
        TEST(bad_handles_are_refused),
        TEST(streams_cannot_hold_one_another),
        TEST(unread_handles_are_closed),
        TEST(want_of_memory_leaks_nothing),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
