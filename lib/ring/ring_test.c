/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <ring/ring.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CAPACITY 64u

static uint64_t sides[2][(RING_HEADER + CAPACITY) / sizeof(uint64_t)];
static struct ring left, right;

static int connect_rings(void **state)
{
    (void)state;
    memset(sides, 0, sizeof(sides));
    ring_init(&left, sides[0], sides[1], CAPACITY);
    ring_init(&right, sides[1], sides[0], CAPACITY);
    return 0;
}

static void bytes_arrive_in_order(void **state)
{
    (void)state;
    uint8_t next_sent = 0, next_taken = 0;
    atomic_store(&left.mine->sent, UINT32_MAX - 100); /* the counters wrap on the way */
    atomic_store(&right.mine->taken, UINT32_MAX - 100);
    srand(1);
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[CAPACITY + 10];
        uint32_t size = (uint32_t)rand() % sizeof(bytes);
        if (rand() % 2 == 0) {
            for (uint32_t j = 0; j < size; j++)
                bytes[j] = (uint8_t)(next_sent + j);
            uint32_t room = ring_room(&left), sent = ring_send(&left, bytes, size);
            assert_int_equal(sent, size < room ? size : room);
            next_sent = (uint8_t)(next_sent + sent);
        } else {
            uint32_t count = ring_peek(&right, bytes, size);
            for (uint32_t j = 0; j < count; j++)
                assert_int_equal(bytes[j], (uint8_t)(next_taken + j));
            next_taken = (uint8_t)(next_taken + count);
            ring_take(&right, count);
        }
        assert_int_equal(ring_room(&left) + ring_waiting(&right), CAPACITY);
    }
}

static void a_new_owner_goes_on(void **state)
{
    (void)state;
    char bytes[8];
    assert_int_equal(ring_send(&left, "abcdef", 6), 6);
    assert_int_equal(ring_peek(&right, bytes, 2), 2);
    ring_take(&right, 2);
    ring_init(&right, sides[1], sides[0], CAPACITY);
    assert_int_equal(ring_peek(&right, bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, "cdef", 4);
    assert_false(ring_is_drained(&left));
    ring_take(&right, 4);
    assert_true(ring_is_drained(&left));
    assert_false(ring_is_idle(&left));
    ring_set_idle(&right, true);
    assert_true(ring_is_idle(&left));
}

static void lies_break_the_ring(void **state)
{
    (void)state;
    char bytes[200];
    atomic_store(&right.mine->sent, CAPACITY + 1);
    assert_true(ring_is_broken(&left));
    assert_int_equal(ring_waiting(&left), 0);
    assert_int_equal(ring_peek(&left, bytes, sizeof(bytes)), 0);
    connect_rings(NULL);
    atomic_store(&right.mine->taken, 1);
    assert_true(ring_is_broken(&left));
    assert_int_equal(ring_room(&left), 0);
    assert_int_equal(ring_send(&left, "x", 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(bytes_arrive_in_order, connect_rings),
        cmocka_unit_test_setup(a_new_owner_goes_on, connect_rings),
        cmocka_unit_test_setup(lies_break_the_ring, connect_rings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
