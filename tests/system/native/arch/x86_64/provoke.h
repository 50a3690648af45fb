/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The 16550 of a PC, whose interrupt can be provoked by enabling it (its data sheet, IER). */
#pragma once

#include <stdint.h>

#include <base/service.h>

#include "harness.h"

#define PROVOKE_LINE 4
#define PROVOKE_FLAGS 0
#define PROVOKE_NONE 0
#define PROVOKE_READY 2 /* the transmitter is empty */
#define PROVOKE_PORT 0x3f9

static handle_t provoke_ports;

static inline void provoke_open(void)
{
    provoke_ports = SUCCEED(native_ioport_create(service_need_handle("ioports"), PROVOKE_PORT, 1));
}

static inline void provoke_set(uint8_t enabled)
{
    (void)native_ioport_write(provoke_ports, PROVOKE_PORT, 1, &enabled, 1);
}

static inline void provoke_close(void)
{
    CLOSE(provoke_ports);
}
