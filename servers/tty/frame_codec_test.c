/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "frame_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct frame_parser parser;
static struct console_message message;
static uint8_t wire[2 * CONSOLE_WIRE_MAX];

static int fresh(void **state)
{
    (void)state;
    memset(&parser, 0, sizeof(parser));
    return 0;
}

/* Feed bytes; how many frames came. The last is in `message`. */
static unsigned feed(const uint8_t *bytes, size_t length)
{
    unsigned frames = 0;

    for (size_t i = 0; i < length; i++)
        frames += frame_receive(&parser, bytes[i], &message);
    return frames;
}

static void what_is_sent_is_received(void **state)
{
    uint8_t payload[CONSOLE_PAYLOAD_MAX];

    (void)state;
    for (size_t length = 0; length <= sizeof(payload); length += 31) {
        for (size_t i = 0; i < length; i++)
            payload[i] = (uint8_t)(i * 7 + length);
        assert_int_equal(feed(wire, frame_encode(wire, CONSOLE_STDIN, payload, length)), 1);
        assert_int_equal(message.type, CONSOLE_STDIN);
        assert_int_equal(message.length, length);
        assert_memory_equal(message.payload, payload, length);
    }
    memset(payload, CONSOLE_FLAG, sizeof(payload));
    size_t size = frame_encode(wire, CONSOLE_ESCAPE, payload, sizeof(payload));
    assert_true(size <= CONSOLE_WIRE_MAX);
    assert_int_equal(feed(wire, size), 1);
    assert_memory_equal(message.payload, payload, sizeof(payload));
    assert_int_equal(parser.damaged, 0);
}

static void damage_is_counted(void **state)
{
    (void)state;
    size_t size = frame_encode(wire, CONSOLE_STDIN, "hello", 5);
    wire[3] ^= 1;
    assert_int_equal(feed(wire, size), 0);
    assert_int_equal(parser.damaged, 1);
    wire[3] ^= 1;
    assert_int_equal(feed(wire, size / 2), 0);
    assert_int_equal(feed(wire, size), 1);
    assert_int_equal(parser.damaged, 2);
    assert_memory_equal(message.payload, "hello", 5);
}

static void noise_before_the_first_flag_is_no_damage(void **state)
{
    (void)state;
    assert_int_equal(feed((const uint8_t *)"SeaBIOS\r\n", 9), 0);
    assert_int_equal(feed(wire, frame_encode(wire, CONSOLE_WINSIZE, "12345678", 8)), 1);
    assert_int_equal(parser.damaged, 0);
}

static void nothing_too_long_gets_through(void **state)
{
    (void)state;
    uint8_t flag = CONSOLE_FLAG;
    feed(&flag, 1);
    for (size_t i = 0; i < 5 * CONSOLE_FRAME_MAX; i++)
        assert_int_equal(feed((const uint8_t *)"x", 1), 0);
    assert_int_equal(feed(&flag, 1), 0);
    assert_int_equal(parser.damaged, 1);
}

static void random_bytes_never_make_a_long_frame(void **state)
{
    (void)state;
    srandom(1);
    for (int i = 0; i < 200000; i++) {
        uint8_t byte = random() % 8 == 0 ? CONSOLE_FLAG : (uint8_t)random();
        if (feed(&byte, 1) == 1)
            assert_true(message.length <= CONSOLE_PAYLOAD_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_sent_is_received, fresh),
        cmocka_unit_test_setup(damage_is_counted, fresh),
        cmocka_unit_test_setup(noise_before_the_first_flag_is_no_damage, fresh),
        cmocka_unit_test_setup(nothing_too_long_gets_through, fresh),
        cmocka_unit_test_setup(random_bytes_never_make_a_long_frame, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
