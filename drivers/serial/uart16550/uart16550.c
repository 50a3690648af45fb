/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The 16550 UART (National Semiconductor PC16550D, 1995) between the device and
 * the ring "console": what the other side sends goes out, what comes in is sent
 * to it. Interrupt driven, 8 data bits, no parity, 115200 bits per second; where it
 * is no PC's, and so its clock not known here, as fast as firmware has set it.
 *
 * The driver may be killed at any moment; the next instance goes on where it was,
 * and no byte is lost or doubled (driver/transfer.h).
 */
#include <driver/transfer.h>

const char driver_ring_name[] = "console";

#define FIFO_SIZE 16
#define RECEIVE_TRIGGER 8 /* bytes in the receiver's FIFO that raise the interrupt */

/* Register offsets and bits: PC16550D, table II. */
enum {
    DATA = 0,   /* receiver buffer, transmitter holding; divisor low with LATCH */
    ENABLE = 1, /* interrupts; divisor high with LATCH */
    CAUSE = 2,  /* read */
    FIFO = 2,   /* write */
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
    MODEM_STATUS = 6,

    ENABLE_RECEIVE = 1 << 0,
    ENABLE_TRANSMIT = 1 << 1,

    CAUSE_NONE = 1 << 0,
    CAUSE_MASK = 0x0f,
    CAUSE_TRANSMIT = 0x02, /* the transmitter's FIFO is empty */
    CAUSE_RECEIVE = 0x04,  /* RECEIVE_TRIGGER bytes are there */
    CAUSE_LINE = 0x06,
    CAUSE_TIMEOUT = 0x0c, /* fewer, and for some time no more */

    FIFO_ENABLE = 1 << 0,
    FIFO_TRIGGER_8 = 2 << 6,

    LINE_8_BITS = 3,
    LATCH = 1 << 7,

    MODEM_READY = 1 << 0 | 1 << 1, /* DTR, RTS */
    MODEM_INTERRUPT = 1 << 3,      /* OUT2 gates the interrupt line on a PC */

    STATUS_DATA = 1 << 0,
    STATUS_TRANSMIT = 1 << 5, /* the FIFO takes FIFO_SIZE bytes */
    STATUS_IDLE = 1 << 6,     /* and the last byte has left */

    DIVISOR_115200 = 1,
    IDLE_POLLS = 200, /* register reads of about a microsecond; a byte takes 87 */
};

/* What has been written to ENABLE. */
static uint8_t enabled;

static void enable(struct driver_registers *registers, uint8_t set, uint8_t clear)
{
    uint8_t wanted = (uint8_t)((enabled & ~clear) | set);
    if (wanted != enabled)
        driver_write8(registers, ENABLE, wanted);
    enabled = wanted;
}

static void wait_until_idle(struct driver *driver)
{
    for (int i = 0; i < IDLE_POLLS; i++) {
        if ((driver_read8(&driver->registers, LINE_STATUS) & STATUS_IDLE) != 0)
            break;
    }
    ring_set_idle(&driver->ring, true);
}

/* One FIFO of bytes; false if there is none to send or no room for it now. */
static bool transmit_some(struct driver *driver)
{
    if (ring_waiting(&driver->ring) == 0 ||
        (driver_read8(&driver->registers, LINE_STATUS) & STATUS_TRANSMIT) == 0)
        return false;
    ring_set_idle(&driver->ring, false);
    return driver_transmit(driver, DATA, FIFO_SIZE) > 0;
}

/* The interrupt is wanted only while there is something left to send. */
static void transmit(struct driver *driver)
{
    bool some = false;
    while (transmit_some(driver))
        some = true;
    bool left = ring_waiting(&driver->ring) > 0;
    enable(&driver->registers, left ? ENABLE_TRANSMIT : 0, left ? 0 : ENABLE_TRANSMIT);
    if (some && !left)
        wait_until_idle(driver);
    if (some)
        ring_notify(&driver->ring, RING_ROOM);
}

/* Bytes that are certainly in the receiver: without a count, as long as the status says so. */
static uint32_t received(struct driver *driver, uint8_t cause)
{
    if (cause == CAUSE_RECEIVE && ring_room(&driver->ring) >= RECEIVE_TRIGGER)
        return RECEIVE_TRIGGER;
    return ring_room(&driver->ring) > 0 &&
           (driver_read8(&driver->registers, LINE_STATUS) & STATUS_DATA) != 0;
}

/* Without room in the ring the bytes stay in the FIFO, and the sender waits. */
static void receive(struct driver *driver, uint8_t cause)
{
    uint32_t count, whole = 0;
    while ((count = received(driver, cause)) > 0) {
        driver_receive(driver, DATA, count);
        whole += count;
        cause = CAUSE_TIMEOUT;
    }
    if (ring_room(&driver->ring) == 0)
        enable(&driver->registers, 0, ENABLE_RECEIVE);
    if (whole > 0)
        ring_notify(&driver->ring, RING_DATA);
}

/* The FIFOs keep what is in them when they are on already. */
void driver_start(struct driver *driver, uint32_t instance)
{
    struct driver_registers *registers = &driver->registers;
    driver_write8(registers, ENABLE, 0);
    if (instance == 0 && registers->kind == START_REGISTERS_PORTS) {
        driver_write8(registers, LINE_CONTROL, LATCH);
        driver_write8(registers, DATA, DIVISOR_115200);
        driver_write8(registers, ENABLE, 0);
    }
    driver_write8(registers, LINE_CONTROL, LINE_8_BITS);
    driver_write8(registers, FIFO, FIFO_ENABLE | FIFO_TRIGGER_8);
    driver_write8(registers, MODEM_CONTROL, MODEM_READY | MODEM_INTERRUPT);
    ring_set_idle(&driver->ring, true);
    enable(registers, ENABLE_RECEIVE, 0);
}

void driver_interrupt(struct driver *driver)
{
    uint8_t cause;
    while (((cause = driver_read8(&driver->registers, CAUSE)) & CAUSE_NONE) == 0) {
        switch (cause & CAUSE_MASK) {
        case CAUSE_TRANSMIT:
            transmit(driver);
            break;
        case CAUSE_RECEIVE:
        case CAUSE_TIMEOUT:
            receive(driver, cause & CAUSE_MASK);
            break;
        case CAUSE_LINE:
            (void)driver_read8(&driver->registers, LINE_STATUS);
            break;
        default:
            (void)driver_read8(&driver->registers, MODEM_STATUS);
            break;
        }
    }
}

void driver_notified(struct driver *driver)
{
    transmit(driver);
    if (ring_room(&driver->ring) > 0)
        enable(&driver->registers, ENABLE_RECEIVE, 0);
}
