/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The PL011 UART (Arm DDI 0183) between the device and the ring "console": what
 * the other side sends goes out, what comes in is sent to it. Interrupt driven,
 * 8 data bits, no parity, as fast as firmware has set it.
 *
 * The driver may be killed at any moment; the next instance goes on where it was
 * (driver/transfer.h says what may be lost).
 */
#include <driver/transfer.h>

const char driver_ring_name[] = "console";

/* Register offsets and bits: DDI 0183, table 3-1. */
enum {
    DATA = 0x00,
    FLAGS = 0x18,
    LINE_CONTROL = 0x2c,
    CONTROL = 0x30,
    FIFO_LEVELS = 0x34,
    INTERRUPT_MASK = 0x38,
    INTERRUPT_CAUSE = 0x40, /* those that are not masked */
    INTERRUPT_CLEAR = 0x44,

    FLAG_BUSY = 1 << 3, /* the last byte has not left */
    FLAG_NOTHING_RECEIVED = 1 << 4,
    FLAG_TRANSMITTER_FULL = 1 << 5,

    LINE_FIFOS = 1 << 4,
    LINE_8_BITS = 3 << 5,

    CONTROL_ENABLE = 1 << 0 | 1 << 8 | 1 << 9, /* the UART, its transmitter, its receiver */

    LEVELS_EIGHTH = 0, /* transmitter nearly empty, receiver with two bytes of sixteen */
    INTERRUPT_RECEIVE = 1 << 4,
    INTERRUPT_TRANSMIT = 1 << 5,
    INTERRUPT_TIMEOUT =
        1 << 6, /* bytes received, fewer than the level, and no more for some time */
    INTERRUPT_ALL = 0x7ff,

    RECEIVING = INTERRUPT_RECEIVE | INTERRUPT_TIMEOUT,
    IDLE_POLLS = 200, /* register reads of about a microsecond; a byte takes 87 */
};

/* What has been written to INTERRUPT_MASK. */
static uint32_t enabled;

static void enable(struct driver_registers *registers, uint32_t set, uint32_t clear)
{
    uint32_t wanted = (enabled & ~clear) | set;
    if (wanted != enabled)
        driver_write32(registers, INTERRUPT_MASK, wanted);
    enabled = wanted;
}

static bool has_flag(const struct driver *driver, uint32_t flag)
{
    return (driver_read32(&driver->registers, FLAGS) & flag) != 0;
}

static void wait_until_idle(struct driver *driver)
{
    for (int i = 0; i < IDLE_POLLS && has_flag(driver, FLAG_BUSY); i++)
        continue;
    ring_set_idle(&driver->ring, true);
}

/* A byte at a time: the transmitter only says whether it is full. The interrupt, which comes
 * when it is nearly empty again, is wanted while there is something left to send. */
static void transmit(struct driver *driver)
{
    bool some = false;
    while (ring_waiting(&driver->ring) > 0 && !has_flag(driver, FLAG_TRANSMITTER_FULL)) {
        ring_set_idle(&driver->ring, false);
        (void)driver_transmit(driver, DATA, 1);
        some = true;
    }
    bool left = ring_waiting(&driver->ring) > 0;
    enable(&driver->registers, left ? INTERRUPT_TRANSMIT : 0, left ? 0 : INTERRUPT_TRANSMIT);
    if (some && !left)
        wait_until_idle(driver);
    if (some)
        ring_notify(&driver->ring, RING_ROOM);
}

/* Without room in the ring the bytes stay in the FIFO, and the sender waits. */
static void receive(struct driver *driver)
{
    bool some = false;
    while (ring_room(&driver->ring) > 0 && !has_flag(driver, FLAG_NOTHING_RECEIVED)) {
        driver_receive(driver, DATA, 1);
        some = true;
    }
    if (ring_room(&driver->ring) == 0)
        enable(&driver->registers, 0, RECEIVING);
    if (some)
        ring_notify(&driver->ring, RING_DATA);
}

/* What is in the FIFOs stays there: they are on before and after. */
void driver_start(struct driver *driver, uint32_t instance)
{
    struct driver_registers *registers = &driver->registers;
    driver_write32(registers, INTERRUPT_MASK, 0);
    if (instance == 0)
        driver_write32(registers, LINE_CONTROL, LINE_8_BITS | LINE_FIFOS);
    driver_write32(registers, FIFO_LEVELS, LEVELS_EIGHTH);
    driver_write32(registers, INTERRUPT_CLEAR, INTERRUPT_ALL);
    driver_write32(registers, CONTROL, CONTROL_ENABLE);
    ring_set_idle(&driver->ring, true);
    enable(registers, RECEIVING, 0);
}

/* A cause stands until there is nothing left of it, or it is cleared here and looked at. */
void driver_interrupt(struct driver *driver)
{
    uint32_t cause;
    while ((cause = driver_read32(&driver->registers, INTERRUPT_CAUSE)) != 0) {
        driver_write32(&driver->registers, INTERRUPT_CLEAR, cause);
        transmit(driver);
        receive(driver);
    }
}

void driver_notified(struct driver *driver)
{
    transmit(driver);
    if (ring_room(&driver->ring) > 0) {
        enable(&driver->registers, RECEIVING, 0);
        receive(driver);
    }
}
