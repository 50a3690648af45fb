/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What a driver is that serves one ring: three functions, called one after
 * another by the loop in lib/driver, which waits for the device's interrupt and
 * the ring's event. The driver decides nothing and waits for nothing.
 */
#pragma once

#include <driver/registers.h>
#include <ring/ring.h>

struct driver {
    struct driver_registers registers;
    struct ring ring;
};

/* The ring's name in the manifest. */
extern const char driver_ring_name[];

/* Once: make the device ready. instance 0 is the first since boot, others go on where one was killed. */
void driver_start(struct driver *driver, uint32_t instance);

/*
 * The device's interrupt came. It is acknowledged already: what the device
 * raises while the driver works is told again. The driver works until the
 * device says that it wants nothing more.
 */
void driver_interrupt(struct driver *driver);

/* The other side has sent or taken bytes. */
void driver_notified(struct driver *driver);
