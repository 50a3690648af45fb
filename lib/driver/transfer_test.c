/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* A device that is a wire each way, and a driver that dies at every point of a transfer. */
#include <driver/transfer.h>

#include "access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CAPACITY 256u
#define TOTAL 100000u

enum death { SURVIVES, BEFORE_ACCESS, AFTER_ACCESS, AFTER_KEEPING, BEFORE_NOTE_IS_CLEARED, DEATHS };

const char driver_access_written[1], driver_access_loaded[1], driver_access_kept[1];

static struct ring_memory {
    _Alignas(64) uint8_t bytes[RING_HEADER + CAPACITY];
} sides[2];
static struct ring server;
static struct driver driver;
static uint64_t kernel_read, kernel_written;
static uint8_t note[RING_NOTE];
static enum death death;
static jmp_buf dead;
static uint32_t out, in; /* bytes that have left, bytes that have come from the wire */
static unsigned notices;
static struct frame_registers predecessor;
static volatile uint8_t wire[4];

void ring_notify(const struct ring *ring, uint32_t bits)
{
    assert_ptr_equal(ring, &driver.ring);
    assert_int_equal(bits, RING_DATA | RING_ROOM);
    notices++;
}

static uint8_t byte_at(uint32_t position)
{
    return (uint8_t)(position * 7 + position / 256);
}

static void die_at(enum death point)
{
    memcpy(note, driver.ring.mine->note, sizeof(note));
    if (death == point)
        longjmp(dead, 1);
}

void driver_write_bytes(struct driver_registers *registers, uint32_t offset, const uint8_t *bytes,
                        uint32_t count)
{
    assert_int_equal(offset, 3);
    die_at(BEFORE_ACCESS);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(bytes[i], byte_at(out++));
    kernel_written += count;
    die_at(AFTER_ACCESS);
    registers->written += count;
}

void driver_read_bytes(struct driver_registers *registers, uint32_t offset, uint8_t *bytes,
                       uint32_t count)
{
    assert_int_equal(offset, 3);
    die_at(BEFORE_ACCESS);
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = byte_at(in++);
    kernel_read += count;
    die_at(AFTER_ACCESS);
    registers->read += count;
}

/* In memory nothing but the driver counts, and a thread is ended at any byte. */
static void die_in_access(enum death point, const char *pc, uint8_t byte)
{
    predecessor = (struct frame_registers){.pc = (uint64_t)pc, .r8 = byte};
    if (rand() % 4 == 0)
        die_at(point);
    predecessor = (struct frame_registers){0};
}

void driver_access_write(volatile uint8_t *place, uint8_t byte, _Atomic uint32_t *done,
                         uint32_t count)
{
    assert_ptr_equal(place, wire + 3);
    die_in_access(BEFORE_ACCESS, NULL, 0);
    assert_int_equal(byte, byte_at(out++));
    die_in_access(AFTER_ACCESS, driver_access_written, 0);
    *done = count;
}

void driver_access_read(volatile uint8_t *place, uint8_t *byte, _Atomic uint32_t *done,
                        uint32_t count)
{
    assert_ptr_equal(place, wire + 3);
    die_in_access(BEFORE_ACCESS, NULL, 0);
    uint8_t value = byte_at(in++);
    die_in_access(AFTER_ACCESS, driver_access_loaded, value);
    *byte = value;
    die_in_access(AFTER_KEEPING, driver_access_kept, value);
    *done = count;
}

static void start(uint32_t kind)
{
    driver.registers = (struct driver_registers){
        .kind = kind, .bytes = wire, .read = kernel_read, .written = kernel_written};
    ring_init(&driver.ring, &sides[0], &sides[1], CAPACITY);
    driver_finish_transfer(&driver, &predecessor);
    predecessor = (struct frame_registers){0};
}

static int make(void **state)
{
    (void)state;
    memset(sides, 0, sizeof(sides));
    ring_init(&server, &sides[1], &sides[0], CAPACITY);
    out = in = 0;
    start(START_REGISTERS_PORTS);
    srand(1);
    return 0;
}

static void transfer(bool outwards)
{
    uint32_t most = 1 + (uint32_t)rand() % DRIVER_TRANSFER_MAX, room = ring_room(&driver.ring);
    if (outwards)
        driver_transmit(&driver, 3, most);
    else
        driver_receive(&driver, 3, most < room ? most : room);
}

static void transfer_and_die(bool outwards, uint32_t kind)
{
    if (setjmp(dead) == 0) {
        transfer(outwards);
        if (death == BEFORE_NOTE_IS_CLEARED)
            memcpy(driver.ring.mine->note, note, sizeof(note));
    }
    if (death != SURVIVES)
        start(kind);
}

static void move_everything(uint32_t kind)
{
    uint32_t sent = 0, taken = 0;
    start(kind);
    while (sent < TOTAL || taken < TOTAL) {
        uint8_t bytes[16];
        for (uint32_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = byte_at(sent + i);
        sent += ring_send(&server, bytes, (uint32_t)rand() % sizeof(bytes));
        death = (enum death)(rand() % DEATHS);
        transfer_and_die(rand() % 2 == 0, kind);
        uint32_t count = ring_peek(&server, bytes, sizeof(bytes));
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(bytes[i], byte_at(taken++));
        ring_take(&server, count);
    }
    death = SURVIVES;
    while (ring_waiting(&driver.ring) > 0)
        driver_transmit(&driver, 3, 16);
    assert_int_equal(out, sent);
    assert_int_equal(in, taken + ring_waiting(&server));
}

static void no_byte_of_a_port_is_lost_or_doubled(void **state)
{
    (void)state;
    move_everything(START_REGISTERS_PORTS);
}

static void no_byte_of_memory_is_lost_or_doubled(void **state)
{
    (void)state;
    move_everything(START_REGISTERS_MEMORY);
}

static void the_other_side_is_woken(void **state)
{
    (void)state;
    unsigned before = notices;
    start(START_REGISTERS_PORTS);
    assert_int_equal(notices, before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_byte_of_a_port_is_lost_or_doubled, make),
        cmocka_unit_test_setup(no_byte_of_memory_is_lost_or_doubled, make),
        cmocka_unit_test_setup(the_other_side_is_woken, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
