/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <driver/transfer.h>

#include <base/service.h>
#include <trellis/native.h>

static void dispatch(struct driver *driver, handle_t interrupt, const struct wait_item items[2])
{
    if (items[0].fired != 0) {
        (void)native_interrupt_acknowledge(interrupt);
        driver_interrupt(driver);
    }
    if (items[1].fired != 0) {
        ring_clear(&driver->ring, RING_DATA | RING_ROOM);
        driver_notified(driver);
    }
}

/* The lines may have been raised before a predecessor died: both are looked at first. */
void service_main(const struct start_block *start)
{
    static struct driver driver;
    handle_t interrupt = service_need_handle("interrupt");
    driver_open_registers(&driver.registers, start);
    ring_open(&driver.ring, driver_ring_name);
    driver_finish_transfer(&driver, &start->predecessor);
    driver_start(&driver, start->instance);
    struct wait_item items[2] = {
        {.handle = interrupt, .mask = SIGNAL_INTERRUPT, .fired = SIGNAL_INTERRUPT},
        {.handle = driver.ring.event, .mask = RING_DATA | RING_ROOM, .fired = RING_DATA},
    };
    for (;;) {
        dispatch(&driver, interrupt, items);
        int64_t fired = native_wait_many(items, 2, DEADLINE_NEVER);
        if (fired < 0)
            service_fail("waiting failed: status %d", (int)-fired);
    }
}
